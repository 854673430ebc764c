// Node's http client: an agent that keeps four connections. usage: node agent.js URL-OF-NODE URL-OF-STATIC
'use strict';
const http = require('http'), crypto = require('crypto');
const [node, fixed] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });

function ask(method, url, body) {
  return new Promise((done) => {
    const req = http.request(url, { method, agent }, (res) => {
      const sum = crypto.createHash('sha256'); let size = 0;
      res.on('data', (b) => { sum.update(b); size += b.length; });
      res.on('end', () => done(`${method} ${url} ${res.statusCode} ${size} ${sum.digest('hex').slice(0, 12)} ${JSON.stringify(res.trailers)}`));
    });
    req.on('information', (info) => console.log('information', info.statusCode));
    req.on('error', (e) => done(`${method} ${url} ${e.code}`));
    for (const part of body || []) req.write(part);
    req.end();
  });
}

(async () => {
  const many = [];
  for (let i = 0; i < 24; i++) many.push(ask('GET', `${fixed}/${['1k.bin', '100k.bin', 'text.txt', '1m.bin'][i % 4]}?${i}`));
  console.log((await Promise.all(many)).join('\n'));
  console.log(await ask('POST', `${node}/echo`, [Buffer.alloc(100000, 1), Buffer.alloc(5, 2), Buffer.alloc(70000, 3)]));
  console.log(await ask('HEAD', `${fixed}/big.bin`));
  console.log(await ask('GET', `${node}/early`));
  console.log(await ask('GET', `${node}/trailers`));
  console.log(await ask('GET', `${node}/broken-length`));
  agent.destroy();
})();
