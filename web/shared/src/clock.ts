// One ticking clock for every "now" on the page.
import { readonly, ref } from "vue";

const tick = ref(new Date());
setInterval(() => {
  tick.value = new Date();
}, 1000);

export const now = readonly(tick);
