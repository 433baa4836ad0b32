// What the crew chose last stays chosen: crews work in pairs, and print, or do not, all day.
import { ref } from "vue";

/** The colleague chosen last, while both are on duty. */
export const second = ref("");
/** Documents are issued and printed as soon as the act that they are about is done. */
export const withPapers = ref(true);
