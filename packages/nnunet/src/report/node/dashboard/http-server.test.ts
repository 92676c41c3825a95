/** That the server answers one user on this machine, and nobody else. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { isVoxelgradError } from '@voxelgrad/tensor';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DashboardHttpServer, type HttpServerSettings } from './http-server.ts';
import { ask, eventsUntil } from './requests.testing.ts';

const content: HttpServerSettings['content'] = (path) =>
  path === '' ? { type: 'text/html', body: 'the page' } : undefined;

async function open(settings: Partial<HttpServerSettings> = {}): Promise<DashboardHttpServer> {
  const server = await DashboardHttpServer.open({ content, onListener: () => undefined, ...settings });
  onTestFinished(() => server.close());
  return server;
}

describe('the server of the dashboard', () => {
  it('gives the page to whoever has its address, and lets it load nothing from elsewhere', async () => {
    const { address } = await open();
    const { status, headers, text } = await ask(address);
    expect([status, text, headers['content-type']]).toEqual([200, 'the page', 'text/html']);
    const policy = headers['content-security-policy']!;
    expect(policy).toMatch(/^default-src 'none';/);
    expect(policy).toMatch(/frame-ancestors 'none'/);
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('no-referrer');
    const moved = await ask(address.slice(0, -1));
    expect([moved.status, moved.headers.location]).toEqual([301, new URL(address).pathname]);
  });

  it('has another token each time, of 192 bits', async () => {
    const tokens = (await Promise.all([open(), open()])).map(({ address }) => new URL(address).pathname);
    expect(tokens[0]).toMatch(/^\/[\w-]{32}\/$/);
    expect(tokens[0]).not.toBe(tokens[1]);
  });

  it.each(['/', '/favicon.ico', '/events', '/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/', '//', '/%2e%2e/', '/a?b=/'])(
    'refuses %s, which lacks the token',
    async (path) => {
      const { address } = await open();
      const { status, text } = await ask(new URL(path.replace('//', '/x/'), address).href);
      expect(status).toBe(403);
      expect(text).toMatch(/lacks its token/);
      expect(text).not.toContain(new URL(address).pathname.slice(1, -1));
    },
  );

  it('refuses names that only point to this machine', async () => {
    const { address } = await open();
    const { port } = new URL(address);
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'a@localhost',
    ])
      expect((await ask(address, { headers: { host } })).status, host).toBe(403);
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, 'localhost', '[::1]:9000', 'LOCALHOST:9000'])
      expect((await ask(address, { headers: { host } })).status, host).toBe(200);
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH'])('does not answer %s', async (method) => {
    const { address } = await open();
    const { status, headers } = await ask(address, { method });
    expect([status, headers.allow]).toEqual([405, 'GET']);
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });

  it('has nothing at other places, and survives content that fails', async () => {
    const { address } = await open();
    for (const path of ['etc/passwd', '../../package.json', '%2e%2e%2fpackage.json', 'modules/report/node/png.js'])
      expect((await ask(address + path)).status, path).not.toBe(200);
    const failing = await open({
      content: async () => {
        throw new Error('a secret');
      },
    });
    const { status, text } = await ask(failing.address);
    expect(status).toBe(500);
    expect(text).not.toMatch(/secret/);
  });

  it('listens on the loopback interface only', async () => {
    const { address } = await open();
    const { port } = new URL(address);
    const others = Object.values(networkInterfaces()).flatMap((all) =>
      all!.filter(({ internal, family }) => !internal && family === 'IPv4'),
    );
    for (const { address: other } of others)
      await expect(ask(`http://${other}:${port}/`)).rejects.toThrow(/ECONNREFUSED|EHOSTUNREACH|ENETUNREACH/);
  });

  it('tells each page what it missed, and all of them what is new; a page that goes away is forgotten', async () => {
    let greeted = 0;
    const server = await open({ onListener: (listener) => listener.send('run', { number: ++greeted }) });
    expect(server.hasListeners).toBe(false);
    const pages = [1, 2].map(() => eventsUntil(server.address, 'news'));
    while (greeted < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(server.hasListeners).toBe(true);
    server.send('news', ['line\nbreak']);
    const told = (await Promise.all(pages)).sort((a, b) => Number(JSON.stringify(a) > JSON.stringify(b)) - 0.5);
    expect(told).toEqual(
      [1, 2].map((number) => [
        { name: 'run', data: { number } },
        { name: 'news', data: ['line\nbreak'] },
      ]),
    );
    while (server.hasListeners) await new Promise((resolve) => setTimeout(resolve, 5));
    server.send('news', 'to nobody');
  });

  it('ends while pages are open', async () => {
    const server = await DashboardHttpServer.open({ content, onListener: (listener) => listener.send('run', 1) });
    const told = eventsUntil(server.address, 'end');
    while (!server.hasListeners) await new Promise((resolve) => setTimeout(resolve, 5));
    server.send('end', 'over');
    await server.close();
    expect((await told).at(-1)).toEqual({ name: 'end', data: 'over' });
    await expect(ask(server.address)).rejects.toThrow(/ECONNREFUSED/);
  });

  it('takes the next port where none was asked for, and says so where one was', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void blocker.close());
    const { port } = blocker.address() as AddressInfo;
    const failure: unknown = await open({ port }).catch((error: unknown) => error);
    expect(isVoxelgradError(failure, 'option')).toBe(true);
    expect(String(failure)).toMatch(new RegExp(`port ${port} .*expected one that is free.*\\nhelp: name another port`));
    const [first, second] = [await open(), await open()];
    expect(new URL(first.address).port).not.toBe(new URL(second.address).port);
  });
});
