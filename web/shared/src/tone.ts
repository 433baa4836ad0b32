// How something stands, for icon and colour.
import type { DeviceOut, Outcome } from "./types";

export type Tone = "good" | "warn" | "bad" | "ask";

const OUTCOMES: Record<Outcome, Tone> = {
  lawful: "good",
  permitted: "good",
  warning: "warn",
  violation: "bad",
  needs_review: "ask",
};

export function outcomeTone(outcome: Outcome): Tone {
  return OUTCOMES[outcome];
}

export function deviceTone(device: DeviceOut): Tone {
  return device.code === "ok" ? "good" : "bad";
}
