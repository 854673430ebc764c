"""A WebSocket echo on the websockets package. usage: sockets.py ADDRESS"""
import asyncio, sys
import websockets


async def echo(ws, path=None):
    async for message in ws:
        await ws.send(message)


async def main():
    async with websockets.serve(echo, sys.argv[1], 80, max_size=None):
        await asyncio.Future()


asyncio.run(main())
