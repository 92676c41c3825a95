/** Requests of tests to the dashboard, each on a connection of its own. */
import { type IncomingHttpHeaders, type IncomingMessage, type RequestOptions, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const send = (address: string, options: RequestOptions = {}): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    request(address, { agent: false, ...options }, resolve)
      .on('error', reject)
      .end();
  });

export async function ask(address: string, options: RequestOptions = {}): Promise<Answer> {
  const response = await send(address, options);
  let text = '';
  for await (const piece of response.setEncoding('utf8')) text += piece;
  return { status: response.statusCode!, headers: response.headers, text };
}

export interface SentEvent {
  readonly name: string;
  readonly data: unknown;
}

/** Reads the dashboard's events until there is one of this name. */
export async function eventsUntil(address: string, name: string, onOpen?: () => void): Promise<SentEvent[]> {
  const response = await send(`${address}events`);
  onOpen?.();
  let text = '';
  const events = (): SentEvent[] =>
    [...text.matchAll(/event: (.*)\ndata: (.*)\n\n/g)].map(([, name, data]) => ({
      name: name!,
      data: JSON.parse(data!),
    }));
  for await (const piece of response.setEncoding('utf8')) {
    text += piece;
    if (events().some((event) => event.name === name)) break;
  }
  return events();
}
