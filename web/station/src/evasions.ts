// Requests about evasion cases, and what an officer types for their acts. Yuan on screen, fen on the wire.
import { clock, countOf, day, fenOf, yuan } from "@shared/format";
import { request } from "@shared/client";
import { word, zh } from "@shared/i18n/zh-CN";
import type { ClipOut, EvasionIn, EvasionNextOut, EvasionOut, PassageOut, Saved } from "@shared/types";
import { watched } from "./store";

/** A picture or clip that can be put forward as evidence. */
export interface Proof {
  sha256: string;
  what: string;
  film: boolean;
}

const path = (number: string) => `/api/evasions/${encodeURIComponent(number)}`;

/** Throws ApiError, as all of these do. */
export async function evasionsOf(open: boolean): Promise<EvasionOut[]> {
  return watched(request<EvasionOut[]>("GET", `/api/evasions?open=${open}`));
}

export async function evasionOf(number: string): Promise<EvasionOut> {
  return watched(request<EvasionOut>("GET", path(number)));
}

export async function openEvasion(asked: EvasionIn): Promise<EvasionOut> {
  return watched(request<EvasionOut>("POST", "/api/evasions", { body: asked }));
}

export async function actOnEvasion(
  number: string,
  act: string,
  second: string,
  details: Record<string, string | number>,
): Promise<Saved> {
  const body = { act, second_officer: second, details };
  return watched(request<Saved>("POST", `${path(number)}/acts`, { body }));
}

export const letterPath = (number: string) => `${path(number)}/letter.pdf`;

/** What may be put forward: the pictures of a weighing, and the clips taken in last. */
export async function proofsOf(passage: PassageOut | null): Promise<Proof[]> {
  const clips = await watched(request<ClipOut[]>("GET", "/api/clips?limit=20"));
  const pictures = (passage?.pictures ?? []).map((one) => ({
    sha256: one.sha256,
    what: zh.evasion.pictureOf(word(zh.passage.pictureRoles, one.role)),
    film: false,
  }));
  return [
    ...pictures,
    ...clips.map((one) => ({
      sha256: one.sha256,
      what: zh.evasion.clipOf(one.officer || zh.evasion.stationCamera, `${day(one.began_at)} ${clock(one.began_at)}`, clock(one.ended_at)),
      film: true,
    })),
  ];
}

/** What a field offers to choose from; null for one that is typed. */
export function choicesOf(name: string): Record<string, string> | null {
  if (name === "to") return zh.evasion.receivers;
  if (name === "result") return zh.evasion.results;
  return null;
}

/** A draft with what is known filled in. */
export function draftOf(file: EvasionOut, act: EvasionNextOut): Record<string, string> {
  const draft: Record<string, string> = {};
  for (const name of Object.keys(act.fields)) {
    draft[name] = name.endsWith("_on") ? day(new Date()) : (Object.keys(choicesOf(name) ?? {})[0] ?? "");
  }
  if (act.act === "notify") draft["facts"] = file.facts;
  const told = file.history.findLast((done) => done.act === "notify");
  if (act.act === "decide" && told) draft["fine_fen"] = plain(Number(told.details["fine_fen"]));
  if (act.act === "pay" && file.fine_fen !== null) draft["amount_fen"] = plain(file.fine_fen);
  return draft;
}

/** The details to send; null for a field that is wrong, which is named. */
export function detailsOf(
  act: EvasionNextOut,
  draft: Record<string, string>,
): { details: Record<string, string | number>; wrong: string[] } {
  const details: Record<string, string | number> = {};
  const wrong: string[] = [];
  for (const [name, kind] of Object.entries(act.fields)) {
    const typed = (draft[name] ?? "").trim();
    const value = name.endsWith("_fen") ? fenOf(typed) : kind === "integer" ? countOf(typed) : typed || null;
    if (value === null || value === 0) wrong.push(name);
    else details[name] = value;
  }
  return { details, wrong };
}

function plain(fen: number): string {
  return yuan(fen).replaceAll(",", "");
}
