# SPDX-License-Identifier: GPL-2.0-or-later
"""SOCKET FILE: the status of FILE as a varlink service written the usual way in Python: parse, look the
method up, build the reply."""
import asyncio
import json
import sys

with open(sys.argv[2], encoding="utf-8") as f:
    STATUS = json.load(f)["parameters"]

METHODS = {"org.viaduct.GetStatus": lambda parameters: STATUS}


async def serve(reader, writer):
    try:
        while True:
            call = json.loads((await reader.readuntil(b"\0"))[:-1])
            reply = {"parameters": METHODS[call["method"]](call.get("parameters", {}))}
            writer.write(json.dumps(reply).encode() + b"\0")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main():
    server = await asyncio.start_unix_server(serve, sys.argv[1])
    async with server:
        await server.serve_forever()


asyncio.run(main())
