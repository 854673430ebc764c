"""A WebSocket client on the websockets package: the same as sockets-client.js. usage: sockets-client.py URL"""
import asyncio, sys
import websockets

sizes = [0, 1, 125, 126, 65535, 65536, 300000]


async def talk(compression):
    async with websockets.connect(sys.argv[1], compression=compression, max_size=None) as ws:
        await (await ws.ping(b"p"))
        for n, size in enumerate(sizes):
            message = b"b" * size if n % 2 else "a" * size
            await ws.send(message)
            print(n, await ws.recv() == message)
        # From both ends at once.
        await asyncio.gather(*[ws.send(str(n) * 1000) for n in range(50)])
        print(sum([len(await ws.recv()) for _ in range(50)]))
        await ws.close(4000, "enough")
    print("close", ws.close_code, ws.close_reason)


for compression in ("deflate", None):
    asyncio.run(talk(compression))
