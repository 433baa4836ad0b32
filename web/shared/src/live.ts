// The live socket. What it promises: when the server stops talking, the page knows within 3 s.
import { ApiError } from "./client";

export type LinkState = "connecting" | "open" | "lost";

/** What one message of the server says. */
export interface Message<Frame> {
  news: Frame[];
  /** Everything up to here was heard; a server that gives tokens tells the rest when it gets one back. */
  token?: string;
  /** Too much has happened to be told: the lists are to be loaded anew. */
  reload?: boolean;
}

export interface LiveOptions<Frame extends { kind: string }> {
  path: string;
  read: (text: string) => Message<Frame>;
  /** A frame of this kind shows that the server is alive and its state is fresh. */
  heartbeat: Frame["kind"];
  /** Silence after which the server is asked by HTTP. */
  silenceMs: number;
  /** How long that question may take. */
  probeMs: number;
  /** A socket that brings nothing for so long, while HTTP answers, is dead: it is opened anew. */
  deadMs: number;
  /** Ask by HTTP and take in the answer; rejects when the server does not answer. */
  probe: (signal: AbortSignal) => Promise<void>;
  onFrame: (frame: Frame) => void;
  /**
   * Called once for each connection, when the first message has been taken in. *resumed*: whatever
   * was missed comes by itself, nothing needs to be loaded.
   */
  onOpen: (resumed: boolean) => void;
  onReload?: () => void;
  onState: (state: LinkState) => void;
  onSignedOut: () => void;
}

const TICK_MS = 250;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 5_000;

export class LiveSocket<Frame extends { kind: string }> {
  private socket: WebSocket | null = null;
  private state: LinkState = "connecting";
  private ticker: ReturnType<typeof setInterval> | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private retryMs = FIRST_RETRY_MS;
  private freshAt = 0;
  private heardAt = 0;
  private probing = false;
  /** No message of the present connection has come yet. */
  private fresh = true;
  private token: string | null = null;
  private resuming = false;

  constructor(private readonly options: LiveOptions<Frame>) {}

  start(): void {
    this.stop();
    this.ticker = setInterval(() => this.watch(), TICK_MS);
    this.connect();
  }

  stop(): void {
    clearInterval(this.ticker);
    clearTimeout(this.retryTimer);
    this.forget();
    this.drop();
  }

  /** What was heard is not all there is: the next connection begins anew. */
  forget(): void {
    this.token = null;
  }

  private connect(): void {
    this.drop();
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.resuming = this.token !== null;
    const after = this.token === null ? "" : `?after=${encodeURIComponent(this.token)}`;
    const socket = new WebSocket(`${scheme}://${location.host}${this.options.path}${after}`);
    this.socket = socket;
    this.fresh = true;
    this.heardAt = performance.now();
    socket.onmessage = (event) => this.take(String(event.data));
    socket.onclose = () => this.closed();
  }

  private take(text: string): void {
    const message = this.options.read(text);
    this.heardAt = performance.now();
    const first = this.fresh;
    if (first) {
      this.fresh = false;
      this.retryMs = FIRST_RETRY_MS;
      this.freshAt = performance.now();
      this.change("open");
    }
    for (const frame of message.news) {
      if (frame.kind === this.options.heartbeat) this.freshAt = performance.now();
      this.options.onFrame(frame);
    }
    if (message.token !== undefined) this.token = message.token;
    if (message.reload) this.options.onReload?.();
    if (first) this.options.onOpen(this.resuming);
  }

  /** The socket is gone: say so at once, find out whether the session is, and try again. */
  private closed(): void {
    this.lose();
    this.probeSession();
  }

  private lose(): void {
    this.drop();
    this.change("lost");
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.connect(), this.retryMs * (0.8 + 0.4 * Math.random()));
    this.retryMs = Math.min(this.retryMs * 2, LONGEST_RETRY_MS);
  }

  private watch(): void {
    const now = performance.now();
    if (this.state !== "open") {
      // A connection that neither opens nor fails (a dropped packet) is tried again.
      if (this.socket && now - this.heardAt > this.options.deadMs) this.lose();
      return;
    }
    if (now - this.heardAt > this.options.deadMs) {
      this.connect();
      return;
    }
    if (now - this.freshAt > this.options.silenceMs && !this.probing) void this.refresh();
  }

  private async refresh(): Promise<void> {
    this.probing = true;
    try {
      await this.options.probe(AbortSignal.timeout(this.options.probeMs));
      this.freshAt = performance.now();
    } catch (error) {
      if (error instanceof ApiError && error.signedOut) this.options.onSignedOut();
      else this.lose();
    } finally {
      this.probing = false;
    }
  }

  private probeSession(): void {
    this.options.probe(AbortSignal.timeout(this.options.probeMs)).catch((error: unknown) => {
      if (error instanceof ApiError && error.signedOut) this.options.onSignedOut();
    });
  }

  private change(state: LinkState): void {
    if (state === this.state) return;
    this.state = state;
    this.options.onState(state);
  }

  private drop(): void {
    if (!this.socket) return;
    this.socket.onclose = null;
    this.socket.onmessage = null;
    this.socket.close();
    this.socket = null;
  }
}
