// How something stands, for icon and colour.
import { word, zh } from "./i18n/zh-CN";
import type { DeviceOut, Outcome } from "./types";

export type Tone = "good" | "warn" | "bad" | "ask" | "info";

/** What a page says of an outcome. */
export interface Said {
  tone: Tone;
  word: string;
  hint: string;
}

const OUTCOMES: Record<Outcome, Tone> = {
  lawful: "good",
  permitted: "good",
  warning: "warn",
  violation: "bad",
  needs_review: "ask",
};

/**
 * The outcome in words. A re-check is judged on the excess alone: a truck still over by a little is
 * not one that may go with a warning, it must unload on.
 */
export function said(outcome: Outcome, isRecheck: boolean, excessKg: number | null): Said {
  if (isRecheck && excessKg !== null) {
    const words = zh.recheckOutcome;
    return excessKg > 0
      ? { tone: "bad", word: words.over, hint: words.overHint }
      : { tone: "good", word: words.clear, hint: words.clearHint };
  }
  return {
    tone: OUTCOMES[outcome],
    word: word(zh.outcome, outcome),
    hint: word(zh.outcomeHint, outcome),
  };
}

export function deviceTone(device: DeviceOut): Tone {
  return device.code === "ok" ? "good" : "bad";
}
