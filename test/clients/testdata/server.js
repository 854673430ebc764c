// An HTTP and WebSocket server on node's own http and the ws package.
// usage: node server.js ADDRESS FOLDER
'use strict';
const http = require('http'), fs = require('fs'), path = require('path'), crypto = require('crypto'), zlib = require('zlib');
const { WebSocketServer } = require('ws');
const [address, folder] = process.argv.slice(2);

function file(req, res, name) {
  let data;
  try { data = fs.readFileSync(path.join(folder, name)); } catch {
    res.writeHead(404, { 'Content-Type': 'text/plain' }); return res.end('none\n');
  }
  const tag = '"' + crypto.createHash('sha1').update(data).digest('hex').slice(0, 10) + '"';
  const type = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.png': 'image/png', '.txt': 'text/plain' }[path.extname(name)] || 'application/octet-stream';
  const head = { ETag: tag, 'Content-Type': type, 'Accept-Ranges': 'bytes', 'Last-Modified': 'Tue, 02 Jan 2024 03:04:05 GMT' };
  if (req.headers['if-none-match'] === tag || req.headers['if-modified-since'] === head['Last-Modified']) { res.writeHead(304, head); return res.end(); }
  const range = /^bytes=(\d*)-(\d*)$/.exec(req.headers.range || '');
  if (range && (range[1] || range[2])) {
    let from = range[1] ? +range[1] : Math.max(0, data.length - range[2]);
    let to = range[1] && range[2] ? Math.min(+range[2], data.length - 1) : data.length - 1;
    if (from > to) { res.writeHead(416, { 'Content-Range': `bytes */${data.length}` }); return res.end(); }
    head['Content-Range'] = `bytes ${from}-${to}/${data.length}`;
    data = data.subarray(from, to + 1);
    res.statusCode = 206;
  }
  for (const k in head) res.setHeader(k, head[k]);
  res.setHeader('Content-Length', data.length);
  res.end(req.method === 'HEAD' ? undefined : data);
}

function receive(req, done) {
  const sum = crypto.createHash('sha256'); let size = 0;
  req.on('data', (b) => { sum.update(b); size += b.length; });
  req.on('end', () => done(`${req.method} ${req.url} ${size} ${sum.digest('hex')} ${JSON.stringify(req.trailers)}\n`));
}

const routes = {
  '/echo': (req, res) => receive(req, (text) => res.end(text)),
  '/chunked': (req, res) => { let i = 0; const next = () => i++ < 20 ? (res.write('x'.repeat(i * 100)), setImmediate(next)) : res.end(); next(); },
  '/trailers': (req, res) => { res.writeHead(200, { Trailer: 'X-Sum' }); res.write('body'); res.addTrailers({ 'X-Sum': '4' }); res.end(); },
  '/early': (req, res) => { res.writeEarlyHints({ link: '</a.css>; rel=preload' }); res.writeProcessing(); res.end('after hints\n'); },
  '/refuse': (req, res) => { res.writeHead(413, { Connection: 'close' }); res.end('too much\n'); },
  '/gzip': (req, res) => { res.writeHead(200, { 'Content-Encoding': 'gzip' }); res.end(zlib.gzipSync(fs.readFileSync(path.join(folder, 'text.txt')))); },
  '/events': (req, res) => { res.writeHead(200, { 'Content-Type': 'text/event-stream' }); let i = 0; const timer = setInterval(() => { res.write(`data: ${i}\n\n`); if (++i === 5) { clearInterval(timer); res.end(); } }, 20); },
  '/until-close': (req, res) => { req.socket.end('HTTP/1.1 200 OK\r\n\r\n' + 'until the end\n'.repeat(1000)); },
  '/broken-length': (req, res) => { req.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort'); },
  '/reset': (req, res) => { req.socket.resetAndDestroy(); },
  '/none': (req, res) => { res.writeHead(204); res.end(); },
  '/cookies': (req, res) => { res.setHeader('Set-Cookie', ['a=1; Path=/', 'b=2; Path=/; HttpOnly']); res.end(`got ${req.headers.cookie}\n`); },
};
const server = http.createServer({ keepAliveTimeout: 30000 }, (req, res) => {
  const name = decodeURIComponent(req.url.split('?')[0]);
  (routes[name] || ((q, s) => file(q, s, name)))(req, res);
});
server.on('checkContinue', (req, res) => {
  if (req.url === '/refuse') { res.writeHead(417, { Connection: 'close' }); return res.end('no\n'); }
  res.writeContinue(); server.emit('request', req, res);
});
server.on('connect', (req, socket) => {
  socket.write('HTTP/1.1 200 Established\r\n\r\n');
  socket.on('data', (b) => socket.write(b));
  socket.on('end', () => socket.end());
  socket.on('error', () => {});
});
const sockets = new WebSocketServer({ server, path: '/socket' });
sockets.on('connection', (ws) => ws.on('message', (data, binary) => ws.send(data, { binary })));
server.listen(80, address);
