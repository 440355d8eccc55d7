#!/usr/bin/env python3
"""Receives webhooks, each once, whatever happens to it: README.md beside this file says how. Python 3.9, nothing to install."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import sqlite3
import subprocess
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GATEWAY, ENDPOINT = os.environ["GATEWAY"], os.environ["ENDPOINT"]
KEY = base64.b64decode(os.environ["SECRET"].removeprefix("whsec_"))
MAX_BODY = 128 << 10
TOLERANCE = 300  # seconds


class Inbox:
    """The messages, and the cursor that goes with them: they are committed together, so neither is ever without the other."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.database = sqlite3.connect(path, check_same_thread=False)
        with self.database:
            self.database.execute("CREATE TABLE IF NOT EXISTS messages (id TEXT PRIMARY KEY, body TEXT NOT NULL)")
            self.database.execute("CREATE TABLE IF NOT EXISTS cursor (one INTEGER PRIMARY KEY CHECK (one = 1), text TEXT NOT NULL)")

    def add(self, cursor, message_id=None, body=None):
        with self.lock, self.database:
            if message_id is not None:
                # Who has the id has dealt with the message. What else is to be done with it belongs into this transaction.
                self.database.execute("INSERT OR IGNORE INTO messages VALUES (?, ?)", (message_id, body))
            self.database.execute("INSERT OR REPLACE INTO cursor VALUES (1, ?)", (cursor,))

    def cursor(self):
        with self.lock:
            row = self.database.execute("SELECT text FROM cursor").fetchone()
        return row[0] if row else None


def is_genuine(headers, body):
    message_id, sent, signatures = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not sent.isdigit() or abs(time.time() - int(sent)) > TOLERANCE:
        return False
    digest = hmac.new(KEY, f"{message_id}.{sent}.".encode() + body, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(digest)
    # All are compared, each in the same time: while a secret is changed there are several.
    return any([hmac.compare_digest(expected, signature.encode()) for signature in signatures.split(" ")])


def ask(path, data=None, **headers):
    # A token lives for minutes: each request has one of its own.
    token = subprocess.run(os.environ["TOKEN_COMMAND"], shell=True, check=True, capture_output=True, text=True).stdout.strip()
    request = urllib.request.Request(f"{GATEWAY}/v1/webhooks/endpoints/{ENDPOINT}{path}", data, {"Authorization": f"Bearer {token}", **headers})
    return urllib.request.urlopen(request, timeout=60)


def catch_up(inbox):
    """Reads what was sent since the cursor, to its end. Returns the cursor there."""
    while (cursor := inbox.cursor()) is not None:
        try:
            with ask("/events?untilNow=true", **{"Last-Event-ID": cursor}) as events:
                name, data = "", ""
                for line in (line.decode().rstrip("\n") for line in events):
                    field, _, value = line.partition(": ")
                    if field == "event":
                        name = value
                    elif field == "data":
                        data = value
                    elif field == "id":
                        cursor = value
                    elif line == "":
                        if name == "end" and json.loads(data)["reason"] == "caught_up":
                            return cursor
                        if name == "reset":
                            print(f"Something older may be missing, and is sent again by :replay: {data}", flush=True)
                        inbox.add(cursor, *((json.loads(data)["id"], data) if name == "message" else ()))
                        name, data = "", ""
        except (OSError, http.client.HTTPException) as error:
            print(f"What was missed cannot be read yet: {error}", flush=True)
            time.sleep(1)
    return None


def confirm(cursor):
    """What was read need not be sent any more."""
    while True:
        with ask(":confirm", json.dumps({"cursor": cursor}).encode(), **{"Content-Type": "application/json"}) as answer:
            if json.load(answer)["count"] < 1000:
                return


def main():
    inbox = Inbox(os.environ["DATABASE"])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_POST(self):
            length = int(self.headers.get("content-length", -1))
            if not 0 <= length <= MAX_BODY:
                self.close_connection = True
                return self.answer(413)
            body = self.rfile.read(length)
            if not is_genuine(self.headers, body):
                return self.answer(401)
            try:
                inbox.add(self.headers["webhook-cursor"], self.headers["webhook-id"], body.decode())
            except sqlite3.Error as error:
                print(f"Not kept, and so not taken: {error}", flush=True)
                return self.answer(503)
            self.answer(204)

        def answer(self, status):
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    # What a message's cursor says was taken may have been taken by a database that is lost: so first what is missing, then what comes.
    cursor = catch_up(inbox)
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
    threading.Thread(target=server.serve_forever).start()
    if cursor is not None:
        confirm(cursor)
    print("Ready", flush=True)


main()
