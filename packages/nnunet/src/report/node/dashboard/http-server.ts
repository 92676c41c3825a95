/**
 * A small web server for one user on this machine. What it shows may be of patients, so it is closed on all sides: it listens on the loopback interface only;
 * every address holds a token that nobody can guess; requests must be addressed to this machine by name, which a foreign page that has its own name point
 * here (DNS rebinding) cannot do; only GET is answered; and the page may load nothing from elsewhere.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { VoxelgradError } from '@voxelgrad/tensor';

export interface Content {
  readonly type: string;
  readonly body: string | Uint8Array;
}

/** A page that listens to server-sent events. */
export interface Listener {
  send(event: string, data: unknown): void;
}

export interface HttpServerSettings {
  /** Must be free; undefined takes the first free one from 7007 on. */
  readonly port?: number | undefined;
  /** What is at `path` (relative, '' for the page); undefined where nothing is. */
  readonly content: (path: string, query: URLSearchParams) => Promise<Content | undefined> | Content | undefined;
  /** Called for each new listener, to tell it what it has missed. */
  readonly onListener: (listener: Listener) => void;
}

const firstPort = 7007;
const portsTried = 20;
const mostListeners = 32;
/** A listener that does not keep up is dropped; its page connects anew. */
const mostBufferedBytes = 2 ** 24;
const heartbeatMilliseconds = 15_000;

const headers = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

export class DashboardHttpServer {
  /** Of the page, token and all. */
  readonly address: string;
  readonly #server: Server;
  readonly #listeners: Set<ServerResponse>;
  readonly #heartbeat: NodeJS.Timeout;

  /** Throws 'option' where the port is not free. */
  static async open(settings: HttpServerSettings): Promise<DashboardHttpServer> {
    const token = randomBytes(24).toString('base64url');
    const listeners = new Set<ServerResponse>();
    const server = createServer((request, response) => {
      answer(request, response, { ...settings, token, listeners }).catch(() => refuse(response, 500, 'failed'));
    });
    await listen(server, settings.port);
    return new DashboardHttpServer(server, listeners, token);
  }

  private constructor(server: Server, listeners: Set<ServerResponse>, token: string) {
    this.#server = server;
    this.#listeners = listeners;
    this.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${token}/`;
    this.#heartbeat = setInterval(() => {
      for (const response of listeners) response.write(': still here\n\n');
    }, heartbeatMilliseconds);
    this.#heartbeat.unref();
  }

  /** Whether a page is open somewhere. */
  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  send(event: string, data: unknown): void {
    for (const response of this.#listeners) {
      if (response.writableLength > mostBufferedBytes) response.destroy();
      else sendEvent(response, event, data);
    }
  }

  /** What was sent still arrives. */
  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    for (const response of this.#listeners) response.end();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    // A page that reads nothing must not hold up the end of the program.
    const patience = setTimeout(() => this.#server.closeAllConnections(), 500);
    await closed;
    clearTimeout(patience);
  }
}

interface Service extends HttpServerSettings {
  readonly token: string;
  readonly listeners: Set<ServerResponse>;
}

async function answer(request: IncomingMessage, response: ServerResponse, service: Service): Promise<void> {
  // A connection for each request costs nothing on one machine, and then closing down waits for nobody.
  response.shouldKeepAlive = false;
  if (!isLoopback(request.headers.host))
    return refuse(response, 403, 'this server answers to 127.0.0.1 and localhost only');
  if (request.method !== 'GET') {
    response.setHeader('Allow', 'GET');
    return refuse(response, 405, 'only GET');
  }
  const [, token = '', ...rest] = request.url!.split('?', 1)[0]!.split('/');
  if (!sameText(token, service.token))
    return refuse(response, 403, 'the address lacks its token: open the one that the training printed');
  if (rest.length === 0) {
    response.writeHead(301, { ...headers, Location: `/${service.token}/` }).end();
    return;
  }
  const path = rest.join('/');
  if (path === 'events') return listenTo(request, response, service);
  const found = await service.content(path, new URLSearchParams(request.url!.slice(request.url!.indexOf('?') + 1)));
  if (found === undefined) return refuse(response, 404, 'nothing here');
  response.writeHead(200, { ...headers, 'Content-Type': found.type }).end(found.body);
}

function listenTo(request: IncomingMessage, response: ServerResponse, { listeners, onListener }: Service): void {
  if (listeners.size >= mostListeners) {
    refuse(response, 503, 'too many pages are open');
    return;
  }
  response.writeHead(200, { ...headers, 'Content-Type': 'text/event-stream' });
  response.write('retry: 3000\n\n');
  onListener({ send: (event, data) => sendEvent(response, event, data) });
  listeners.add(response);
  request.on('close', () => listeners.delete(response));
  response.on('close', () => listeners.delete(response));
}

function sendEvent(response: ServerResponse, event: string, data: unknown): void {
  // JSON has no line breaks, so it is one line of data.
  response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(status, { ...headers, 'Content-Type': 'text/plain; charset=utf-8' }).end(`${reason}\n`);
}

/** Any port: a tunnel has its own. */
const isLoopback = (host: string | undefined): boolean =>
  host !== undefined && /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i.test(host);

function sameText(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

async function listen(server: Server, port: number | undefined): Promise<void> {
  const candidates = port === undefined ? [...Array(portsTried).keys()].map((i) => firstPort + i) : [port];
  // Where all of those are taken the system finds one.
  if (port === undefined) candidates.push(0);
  for (const candidate of candidates) {
    const problem = await tryToListen(server, candidate);
    if (problem === undefined) return;
    if (port === undefined && problem.code === 'EADDRINUSE') continue;
    throw new VoxelgradError('option', {
      what: `port ${candidate} for the dashboard`,
      expected: 'one that is free',
      got: problem.code === 'EADDRINUSE' ? 'one that another program uses' : problem.message,
      help: 'name another port, or none: then a free one is found',
      cause: problem,
    });
  }
}

const tryToListen = (server: Server, port: number): Promise<NodeJS.ErrnoException | undefined> =>
  new Promise((resolve) => {
    const settle = (problem?: NodeJS.ErrnoException): void => {
      server.off('error', settle).off('listening', succeed);
      resolve(problem);
    };
    const succeed = (): void => settle();
    server.on('error', settle).on('listening', succeed).listen(port, '127.0.0.1');
  });
