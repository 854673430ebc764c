// A WebSocket client on the ws package: sends texts and bytes of several sizes, with and without compression, and says what
// came back. usage: node sockets-client.js URL
'use strict';
const { WebSocket } = require('ws');
const sizes = [0, 1, 125, 126, 65535, 65536, 300000];

function talk(options, done) {
  const ws = new WebSocket(process.argv[2], options);
  let next = 0, pongs = 0;
  const send = () => ws.send(next % 2 ? Buffer.alloc(sizes[next], 'b') : 'a'.repeat(sizes[next]));
  ws.on('open', () => { ws.ping('p'); send(); });
  ws.on('pong', () => { pongs++; });
  ws.on('message', (data, binary) => {
    console.log(next, binary, data.length === sizes[next] && data.every((c) => c === (binary ? 98 : 97)));
    if (++next < sizes.length) return send();
    ws.close(4000, 'enough');
  });
  ws.on('close', (code, reason) => { console.log('close', code, String(reason), pongs); done(); });
  ws.on('error', (e) => { console.log('error', e.message); });
}
talk({ perMessageDeflate: true }, () => talk({ perMessageDeflate: false }, () => {}));
