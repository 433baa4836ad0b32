// A list that a part of a page asks for itself, once or now and then.
import { onMounted, onUnmounted, ref, type Ref } from "vue";
import { ApiError, request } from "./client";

export interface Asked<T> {
  /** null: not known, or not any more. */
  found: Ref<T | null>;
  error: Ref<ApiError | null>;
  ask: () => Promise<void>;
}

/** Ask for *path* when the part is shown, and every *everyMs*; *signedOut* is called on a 401. */
export function useAsked<T>(path: string, signedOut: () => void, everyMs = 0): Asked<T> {
  const found = ref(null) as Ref<T | null>;
  const error = ref<ApiError | null>(null);

  async function ask(): Promise<void> {
    try {
      found.value = await request<T>("GET", path);
      error.value = null;
    } catch (caught) {
      if (!(caught instanceof ApiError)) throw caught;
      if (caught.signedOut) signedOut();
      // What nobody confirms any more is not shown as if it were so now.
      found.value = null;
      error.value = caught;
    }
  }

  let timer: ReturnType<typeof setInterval> | undefined;
  onMounted(() => {
    void ask();
    if (everyMs > 0) timer = setInterval(() => void ask(), everyMs);
  });
  onUnmounted(() => clearInterval(timer));
  return { found, error, ask };
}
