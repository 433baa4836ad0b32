// What an officer types for one act, and what goes over the wire. Yuan on screen, fen on the wire.
import { countOf, day, fenOf, kg, platePretty, yuan } from "@shared/format";
import { zh } from "@shared/i18n/zh-CN";
import type { CaseOut, NextActOut } from "@shared/types";

export type Draft = Record<string, string>;
export type Details = Record<string, string | number>;
export type Problems = Record<string, string>;

/** Acts that name a penalty: what is proposed, and what is decided. */
const PENAL = ["notify", "decide"];
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** A draft with what is already known filled in. */
export function draftOf(file: CaseOut, act: NextActOut): Draft {
  const fields = { ...act.fields, ...act.optional };
  const draft: Draft = Object.fromEntries(act.personal.map((name) => [name, ""]));
  for (const [name, kind] of Object.entries(fields)) {
    // What need not be stated is not stated for the officer either.
    const asked = name in act.fields;
    const first = asked ? (Object.keys(choicesOf(act.act, name) ?? {})[0] ?? "") : "";
    draft[name] = kind === "date" && asked ? day(new Date()) : first;
  }
  for (const name of usualOf(file, act.act)) draft[name] = phrasesOf(file, act.act, name)[0] ?? "";
  if (act.act === "order_to_correct") draft["plate"] = file.plate;
  if (act.act === "pay") draft["amount_fen"] = yuan((file.fine_fen ?? 0) - file.paid_fen).replaceAll(",", "");
  if (act.act === "notify") {
    draft["facts"] = facts(file);
    draft["points"] = text(file.suggestion["points"]);
  }
  const notice = file.history.findLast((done) => done.act === "notify");
  if (act.act === "decide" && notice) {
    draft["kind"] = String(notice.details["kind"]);
    draft["fine_fen"] = yuan(Number(notice.details["fine_fen"])).replaceAll(",", "");
    draft["points"] = text(Number(notice.details["points"]));
  }
  return draft;
}

/** What is filled in as it usually is: shown, and changed where it was otherwise. */
function usualOf(file: CaseOut, act: string): readonly string[] {
  // Whether the excess is gone the case itself knows; whether a hearing must be offered follows from
  // a sum that nobody has named yet.
  if (act === "decide") return file.removal === "clear" ? ["reason"] : [];
  if (act === "notify") return file.penal === "police" ? ["rights_told"] : [];
  return { begin_unloading: ["method", "place"], waive: ["statement"], serve: ["received"] }[act] ?? [];
}

/** What an act with nothing to type may do at once after another, when the officer says so. */
export function sequelOf(act: string): { act: string; asked: string } | null {
  if (act === "notify") return { act: "waive", asked: zh.act.waivedAtOnce };
  if (act === "pay") return { act: "close", asked: zh.act.closeAtOnce };
  return null;
}

function text(value: number | null | undefined): string {
  return value === null || value === undefined ? "" : String(value);
}

/** What a field offers to choose from; null for one that is typed. */
export function choicesOf(act: string, name: string): Record<string, string> | null {
  if (name === "kind") return act === "begin_remedy" ? zh.choices.remedy : zh.choices.kind;
  if (name === "result") return zh.choices.result;
  if (name === "hearing") return zh.choices.hearing;
  if (name === "cargo_kind") return zh.choices.cargo;
  if (name === "method" && act === "serve") return zh.choices.service;
  return null;
}

/** A warning has neither amount nor points (记分管理办法 art 28); what is revoked leaves none. */
export function impliedBy(draft: Draft, name: string): boolean {
  if (name !== "fine_fen" && name !== "points") return false;
  return draft["kind"] === "warning" || draft["result"] === "revoked";
}

/** The details to send, or what is wrong with the draft, by field. */
export function detailsOf(act: NextActOut, draft: Draft): { details: Details; problems: Problems } {
  const details: Details = {};
  const problems: Problems = {};
  for (const [name, kind] of Object.entries({ ...act.fields, ...act.optional })) {
    const typed = (draft[name] ?? "").trim();
    if (typed === "" && name in act.optional) continue;
    if (impliedBy(draft, name)) {
      details[name] = 0;
      continue;
    }
    const value = valueOf(act, name, kind, typed);
    if (value === null) problems[name] = problemOf(name, kind, typed);
    else details[name] = value;
  }
  return { details, problems };
}

function valueOf(act: NextActOut, name: string, kind: string, typed: string): string | number | null {
  if (name.endsWith("_fen")) {
    const fen = fenOf(typed);
    return fen === 0 && (PENAL.includes(act.act) || act.act === "pay") ? null : fen;
  }
  if (kind === "integer") return countOf(typed);
  if (kind === "date") return DATE.test(typed) ? typed : null;
  return typed === "" ? null : typed;
}

function problemOf(name: string, kind: string, typed: string): string {
  if (name.endsWith("_fen")) return zh.act.fineBad;
  if (kind === "integer") return name === "points" ? zh.act.pointsBad : zh.act.integerBad;
  return kind === "date" && typed !== "" ? zh.act.dateBad : zh.act.empty;
}

/** What is stated of a person: only what was filled in. */
export function personalOf(act: NextActOut, draft: Draft): Draft {
  const filled = act.personal.map((name) => [name, (draft[name] ?? "").trim()] as const);
  return Object.fromEntries(filled.filter(([, typed]) => typed !== ""));
}

function facts(file: CaseOut): string {
  return zh.phrases.facts(platePretty(file.plate), kg(file.gross_kg), kg(file.limit_kg), kg(file.excess_kg));
}

/** Ready sentences for a field; the officer puts one in only when it is true. */
export function phrasesOf(file: CaseOut, act: string, name: string): readonly string[] {
  if (name === "facts") return [facts(file)];
  const phrases: Record<string, unknown> = zh.phrases;
  const ofAct = phrases[act];
  const found = typeof ofAct === "object" ? (ofAct as Record<string, unknown>)[name] : undefined;
  return Array.isArray(found) ? (found as string[]) : [];
}

/** Tell whether a fine lies outside the band that the rules core found. */
export function outsideBand(file: CaseOut, fine: string): boolean {
  const { fine_min_fen: low, fine_max_fen: high } = file.suggestion;
  const fen = fenOf(fine);
  if (fen === null || typeof low !== "number" || typeof high !== "number") return false;
  return fen < low || fen > high;
}
