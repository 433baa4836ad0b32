// A permit on paper as an officer types it, and what goes over the wire.
import { countOf } from "@shared/format";
import { zh } from "@shared/i18n/zh-CN";
import type { PaperPermitIn } from "@shared/types";

/** Longest side of the picture that is sent: print stays readable. */
const LONGEST_PX = 1600;
const QUALITY = 0.8;

export interface PaperDraft {
  permit_no: string;
  gross_kg: string;
  route: string;
  first_on: string;
  last_on: string;
  trailer: string;
  /** JPEG, base64. */
  picture: string;
}

export const emptyPaper = (): PaperDraft => ({
  permit_no: "",
  gross_kg: "",
  route: "",
  first_on: "",
  last_on: "",
  trailer: "",
  picture: "",
});

/** The permit to send, or what is wrong with the draft, by field. */
export function permitOf(
  draft: PaperDraft,
  second: string,
): { permit: PaperPermitIn; problems: Record<string, string> } {
  const problems: Record<string, string> = {};
  for (const name of ["permit_no", "route", "first_on", "last_on"] as const) {
    if (draft[name].trim() === "") problems[`paper_${name}`] = zh.act.empty;
  }
  const gross = countOf(draft.gross_kg);
  if (!gross) problems["paper_gross_kg"] = zh.review.integer;
  if (draft.picture === "") problems["paper_picture"] = zh.paper.pictureNeeded;
  if (second === "") problems["paper_second"] = zh.act.empty;
  return {
    permit: {
      permit_no: draft.permit_no.trim(),
      gross_kg: gross ?? 0,
      route: draft.route.trim(),
      first_on: draft.first_on,
      last_on: draft.last_on,
      trailer: draft.trailer.trim() || null,
      picture: draft.picture,
      second_officer: second,
    },
    problems,
  };
}

/** A picture as a JPEG of bounded size, base64. Rejects what is no picture. */
export async function jpegOf(file: File): Promise<string> {
  const image = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST_PX / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(image.width * scale);
  canvas.height = Math.round(image.height * scale);
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  return canvas.toDataURL("image/jpeg", QUALITY).split(",")[1]!;
}
