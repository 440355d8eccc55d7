// Receives webhooks, each once, whatever happens to it: README.md beside this file says how. Node 22.18 runs it as it is, nothing to install;
// an older one once tsc has made JavaScript of it.

import { execSync } from 'node:child_process';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const { GATEWAY, ENDPOINT, SECRET, TOKEN_COMMAND, DATABASE, PORT } = process.env as Record<string, string>;
const key = Buffer.from(SECRET!.replace(/^whsec_/, ''), 'base64');
const maxBody = 128 << 10;
const tolerance = 300; // seconds

// The messages, and the cursor that goes with them: a line of a file for both, so that neither is ever without the other.
class Inbox {
  readonly ids = new Set<string>();
  cursor: string | null = null;
  private readonly path: string;

  constructor(path: string) {
    this.path = path;
    const text = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
    // Of the last line only a part was written when the process was killed: nobody was told that it is kept.
    const end = text.lastIndexOf('\n') + 1;
    if (end < text.length) truncateSync(path, end);
    for (const line of text.subarray(0, end).toString().split('\n').slice(0, -1)) this.take(JSON.parse(line));
  }

  add(cursor: string, id: string | null = null, body: string | null = null): void {
    // Who has the id has dealt with the message.
    const kept = id === null || this.ids.has(id) ? { cursor } : { cursor, id, body };
    const file = openSync(this.path, 'a');
    try {
      writeSync(file, `${JSON.stringify(kept)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    this.take(kept);
  }

  private take({ cursor, id }: { cursor: string; id?: string | null }): void {
    this.cursor = cursor;
    if (id) this.ids.add(id);
  }
}

function isGenuine(headers: IncomingHttpHeaders, body: Buffer): boolean {
  const [id, sent, signatures] = ['id', 'timestamp', 'signature'].map((name) => String(headers[`webhook-${name}`] ?? ''));
  if (!/^[0-9]+$/.test(sent!) || Math.abs(Date.now() / 1000 - Number(sent)) > tolerance) return false;
  const expected = Buffer.from(`v1,${createHmac('sha256', key).update(`${id}.${sent}.`).update(body).digest('base64')}`);
  // Each is compared in the same time: while a secret is changed there are several.
  return signatures!.split(' ').map((one) => Buffer.from(one)).some((one) => one.length === expected.length && timingSafeEqual(one, expected));
}

async function ask(path: string, init: RequestInit & { headers: Record<string, string> }): Promise<Response> {
  // A token lives for minutes: each request has one of its own.
  const token = execSync(TOKEN_COMMAND!).toString().trim();
  const answer = await fetch(`${GATEWAY}/v1/webhooks/endpoints/${ENDPOINT}${path}`, { ...init, headers: { Authorization: `Bearer ${token}`, ...init.headers } });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer;
}

async function* lines(answer: Response): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop()!;
    yield* parts;
  }
}

// Reads what was sent since the cursor, to its end. Returns the cursor there.
async function catchUp(inbox: Inbox): Promise<string | null> {
  while (inbox.cursor !== null) {
    try {
      let [cursor, name, data] = [inbox.cursor, '', ''];
      for await (const line of lines(await ask('/events?untilNow=true', { headers: { 'Last-Event-ID': cursor } }))) {
        const [field, value] = [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)];
        if (field === 'event') name = value;
        else if (field === 'data') data = value;
        else if (field === 'id') cursor = value;
        else if (line === '') {
          if (name === 'end' && JSON.parse(data).reason === 'caught_up') return cursor;
          if (name === 'reset') console.log(`Something older may be missing, and is sent again by :replay: ${data}`);
          inbox.add(cursor, ...(name === 'message' ? ([JSON.parse(data).id, data] as const) : []));
          [name, data] = ['', ''];
        }
      }
    } catch (error) {
      console.log(`What was missed cannot be read yet: ${error}`);
      await sleep(1_000);
    }
  }
  return null;
}

// What was read need not be sent any more.
async function confirm(cursor: string): Promise<void> {
  for (let count = 1_000; count === 1_000; ) {
    const answer = await ask(':confirm', { method: 'POST', body: JSON.stringify({ cursor }), headers: { 'Content-Type': 'application/json' } });
    count = (await answer.json() as { count: number }).count;
  }
}

async function receive(inbox: Inbox, request: IncomingMessage): Promise<number> {
  if (request.method !== 'POST') return 405;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > maxBody) return 413;
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  if (!isGenuine(request.headers, body)) return 401;
  try {
    inbox.add(String(request.headers['webhook-cursor']), String(request.headers['webhook-id']), body.toString());
  } catch (error) {
    console.log(`Not kept, and so not taken: ${error}`);
    return 503;
  }
  return 204;
}

const inbox = new Inbox(DATABASE!);
// What a message's cursor says was taken may have been taken by a database that is lost: so first what is missing, then what comes.
const cursor = await catchUp(inbox);
const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  receive(inbox, request).then((status) => response.writeHead(status, status === 413 ? { Connection: 'close' } : {}).end(), () => response.destroy());
});
server.requestTimeout = 30_000;
await new Promise<void>((resolve) => server.listen(Number(PORT), '127.0.0.1', resolve));
if (cursor !== null) await confirm(cursor);
console.log('Ready');
