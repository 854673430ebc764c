"""Requests on a pool of connections and on urllib: what came, one line each. usage: pool.py URL-OF-NODE URL-OF-STATIC"""
import hashlib, sys, urllib.error, urllib.request
from concurrent.futures import ThreadPoolExecutor
import requests

node, static = sys.argv[1:3]


def tell(what, r):
    print(what, r.status_code, len(r.content), hashlib.sha256(r.content).hexdigest()[:12])


with requests.Session() as s:
    for name in ("1k.bin", "text.txt", "missing", "100k.bin", "empty.bin"):
        tell(name, s.get(f"{static}/{name}"))
    tell("range", s.get(f"{static}/100k.bin", headers={"Range": "bytes=5-50004"}))
    tell("head", s.head(f"{static}/big.bin"))
    tell("moved", s.get(f"{static}/hops/1k.bin"))
    tell("gzip", s.get(f"{static}/gzip/text.txt"))
    tell("stream", s.post(f"{node}/echo", data=(bytes([n]) * 5000 for n in range(40))))
    tell("json", s.put(f"{node}/echo", json={"a": list(range(100))}))
    s.cookies.set("k", "v")
    tell("cookies", s.get(f"{node}/cookies"))
    tell("again", s.get(f"{node}/cookies"))
    with s.get(f"{static}/100k.bin", stream=True) as r:
        print("pieces", sum(len(b) for b in r.iter_content(777)))
with requests.Session() as s, ThreadPoolExecutor(4) as pool:
    sums = pool.map(lambda n: hashlib.sha256(s.get(f"{static}/{n}").content).hexdigest()[:12], ["1k.bin", "100k.bin", "text.txt", "1m.bin"] * 5)
    print(*sums)
for path in ("/1k.bin", "/missing"):
    try:
        print(path, len(urllib.request.urlopen(static + path).read()))
    except urllib.error.HTTPError as e:
        print(path, e.code, len(e.read()))
