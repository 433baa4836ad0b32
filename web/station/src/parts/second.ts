// The colleague chosen last stays chosen while both are on duty: crews work in pairs.
import { ref } from "vue";

export const second = ref("");
