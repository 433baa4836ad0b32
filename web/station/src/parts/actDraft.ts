// What an officer types for one act, and what goes over the wire. Yuan on screen, fen on the wire.
import { countOf, fenOf, kg, platePretty } from "@shared/format";
import { zh } from "@shared/i18n/zh-CN";
import type { CaseOut, NextActOut } from "@shared/types";

export type Draft = Record<string, string>;
export type Details = Record<string, string | number>;
export type Problems = Record<string, string>;

/** A draft with what is already known filled in. */
export function draftOf(file: CaseOut, act: NextActOut): Draft {
  const names = [...Object.keys(act.fields), ...act.personal];
  const draft: Draft = Object.fromEntries(names.map((name) => [name, ""]));
  if (act.act === "order_to_correct") draft["plate"] = file.plate;
  if (act.act === "decide") {
    draft["kind"] = "fine";
    const points = file.suggestion["points"];
    draft["points"] = points === null || points === undefined ? "" : String(points);
  }
  return draft;
}

/** The details to send, or what is wrong with the draft, by field. */
export function detailsOf(act: NextActOut, draft: Draft): { details: Details; problems: Problems } {
  const details: Details = {};
  const problems: Problems = {};
  const warning = act.act === "decide" && draft["kind"] === "warning";
  for (const [name, kind] of Object.entries(act.fields)) {
    const text = (draft[name] ?? "").trim();
    if (warning && (name === "fine_fen" || name === "points")) {
      // A warning has neither amount nor points (记分管理办法 art 28).
      details[name] = 0;
    } else if (name === "fine_fen") {
      const fen = fenOf(text);
      if (fen === null || fen === 0) problems[name] = zh.act.fineBad;
      else details[name] = fen;
    } else if (kind === "integer") {
      const count = countOf(text);
      if (count === null) problems[name] = name === "points" ? zh.act.pointsBad : zh.act.integerBad;
      else details[name] = count;
    } else if (text === "") {
      problems[name] = zh.act.empty;
    } else {
      details[name] = text;
    }
  }
  return { details, problems };
}

/** What is stated of a person: only what was filled in. */
export function personalOf(act: NextActOut, draft: Draft): Draft {
  const filled = act.personal.map((name) => [name, (draft[name] ?? "").trim()] as const);
  return Object.fromEntries(filled.filter(([, text]) => text !== ""));
}

/** Ready sentences for a field; the officer puts one in only when it is true. */
export function phrasesOf(file: CaseOut, name: string): readonly string[] {
  if (name === "facts") {
    return [
      zh.phrases.facts(platePretty(file.plate), kg(file.gross_kg), kg(file.limit_kg), kg(file.excess_kg)),
    ];
  }
  const phrases: Record<string, unknown> = zh.phrases;
  const found = phrases[name];
  return Array.isArray(found) ? (found as string[]) : [];
}

/** Tell whether a fine lies outside the band that the rules core found. */
export function outsideBand(file: CaseOut, fine: string): boolean {
  const { fine_min_fen: low, fine_max_fen: high } = file.suggestion;
  const fen = fenOf(fine);
  if (fen === null || typeof low !== "number" || typeof high !== "number") return false;
  return fen < low || fen > high;
}
