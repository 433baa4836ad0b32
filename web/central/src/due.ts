// How many deadlines are overdue or end soon, for whoever looks at another page.
import { onBeforeUnmount, onMounted, ref } from "vue";
import { request } from "@shared/client";
import type { HqDueOut } from "@shared/types";
import { guarded } from "./store";

const AGAIN_MS = 60_000;

/** Counts of all his stations, asked for again each minute while *wanted*; null: not known yet. */
export function useDueCounts(wanted: () => boolean) {
  const counts = ref<HqDueOut["counts"] | null>(null);
  let timer: ReturnType<typeof setInterval> | undefined;

  async function load(): Promise<void> {
    if (!wanted()) return;
    await guarded(async () => {
      counts.value = (await request<HqDueOut>("GET", "/api/clocks?offset=0&limit=1")).counts;
    });
  }

  onMounted(() => {
    void load();
    timer = setInterval(() => void load(), AGAIN_MS);
  });
  onBeforeUnmount(() => clearInterval(timer));
  return counts;
}
