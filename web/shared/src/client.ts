// HTTP to the page's own server. Every refusal becomes an ApiError with a code and a Chinese message.
import { zh } from "./i18n/zh-CN";
import type { ErrorOut } from "./types";

/** A request may take this long before the page says that the server cannot be reached. */
const PATIENCE_MS = 15_000;

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fields: Readonly<Record<string, string | number>> = {},
  ) {
    super(message);
  }

  /** No valid session any more. */
  get signedOut(): boolean {
    return this.status === 401;
  }
}

export interface Options {
  body?: unknown;
  signal?: AbortSignal;
}

/** Ask and parse JSON; an empty answer gives undefined. Throws only ApiError. */
export async function request<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const response = await send(method, path, options);
  const text = await textOf(response);
  if (!response.ok) throw refusal(response.status, text);
  if (text === "") return undefined as T;
  const parsed = parse(text);
  if (parsed === undefined) throw new ApiError(response.status, "client.bad_answer", zh.errors.badAnswer);
  return parsed as T;
}

/** Fetch a file; the name is the one the server gives, else *fallback*. */
export async function download(path: string, fallback: string): Promise<void> {
  const response = await send("GET", path, {});
  if (!response.ok) throw refusal(response.status, await textOf(response));
  const named = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("content-disposition") ?? "");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = named?.[1] ? decodeURIComponent(named[1]) : fallback;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Ask for a file and show it in a window of its own, to be printed. Throws only ApiError. */
export async function show(method: string, path: string): Promise<void> {
  // Opened at once: a browser lets a page open a window only while a key or a click is fresh.
  const page = window.open("", "_blank");
  try {
    const response = await send(method, path, {});
    if (!response.ok) throw refusal(response.status, await textOf(response));
    const address = URL.createObjectURL(await response.blob());
    if (page) page.location.href = address;
    else window.location.assign(address);
    setTimeout(() => URL.revokeObjectURL(address), 600_000);
  } catch (error) {
    page?.close();
    throw error;
  }
}

/** Ask for a PDF and hand it to the printer; the page and its focus stay. Throws only ApiError. */
export async function print(method: string, path: string): Promise<void> {
  const response = await send(method, path, {});
  if (!response.ok) throw refusal(response.status, await textOf(response));
  const address = URL.createObjectURL(await response.blob());
  const frame = document.createElement("iframe");
  frame.className = "printed";
  frame.src = address;
  frame.onload = () => frame.contentWindow?.print();
  document.body.append(frame);
  setTimeout(() => {
    frame.remove();
    URL.revokeObjectURL(address);
  }, 600_000);
}

async function send(method: string, path: string, options: Options): Promise<Response> {
  const init: RequestInit = {
    method,
    credentials: "same-origin",
    cache: "no-store",
    signal: options.signal ?? AbortSignal.timeout(PATIENCE_MS),
  };
  if (options.body !== undefined) {
    init.body = JSON.stringify(options.body);
    init.headers = { "content-type": "application/json" };
  }
  try {
    return await fetch(path, init);
  } catch {
    throw new ApiError(0, "client.unreachable", zh.errors.unreachable);
  }
}

async function textOf(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch {
    throw new ApiError(0, "client.unreachable", zh.errors.unreachable);
  }
}

function refusal(status: number, text: string): ApiError {
  const parsed = parse(text) as Partial<ErrorOut> | undefined;
  if (parsed && typeof parsed.code === "string" && typeof parsed.message === "string") {
    return new ApiError(status, parsed.code, parsed.message, parsed.fields ?? {});
  }
  return new ApiError(status, `client.http_${status}`, zh.errors.badAnswer);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
