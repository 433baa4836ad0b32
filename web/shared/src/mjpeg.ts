// A stream of pictures (multipart/x-mixed-replace), read by hand: an <img> would go on showing the
// last picture of a stream that has ended, as if it were the present one.
import { ApiError } from "./client";
import { zh } from "./i18n/zh-CN";

const HEAD_END = [13, 10, 13, 10];
/** More than any picture; a stream that names a larger one is none. */
const MOST_BYTES = 4 * 1024 * 1024;

/** Yield the pictures (JPEG) of *path* until the stream ends or *signal* does. */
export async function* pictures(path: string, signal: AbortSignal): AsyncGenerator<Blob> {
  const response = await fetch(path, { signal, cache: "no-store" });
  if (!response.ok || !response.body) {
    throw new ApiError(response.status, "client.no_picture", zh.errors.badAnswer);
  }
  const reader = response.body.getReader();
  let held = new Uint8Array(0);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    held = joined(held, value);
    for (let part = taken(held); part; part = taken(held)) {
      held = part.rest;
      yield new Blob([part.picture], { type: "image/jpeg" });
    }
  }
}

interface Part {
  picture: Uint8Array<ArrayBuffer>;
  rest: Uint8Array<ArrayBuffer>;
}

/** Take the first whole picture out of *held*; null while it is not there. */
function taken(held: Uint8Array<ArrayBuffer>): Part | null {
  const head = headEnd(held);
  if (head < 0) return null;
  const named = /content-length:\s*(\d+)/i.exec(new TextDecoder().decode(held.slice(0, head)));
  const size = Number(named?.[1] ?? Number.NaN);
  if (!(size <= MOST_BYTES)) throw new ApiError(502, "client.no_picture", zh.errors.badAnswer);
  if (held.length < head + size) return null;
  return { picture: held.slice(head, head + size), rest: held.slice(head + size) };
}

function headEnd(held: Uint8Array): number {
  for (let at = 0; at + HEAD_END.length <= held.length; at += 1) {
    if (HEAD_END.every((byte, place) => held[at + place] === byte)) return at + HEAD_END.length;
  }
  return -1;
}

function joined(left: Uint8Array<ArrayBuffer>, right: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}
