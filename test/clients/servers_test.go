package clients

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
)

// Where each server listens, all on port 80 of s1.
const (
	nginx    = "10.77.0.110"
	nginxTLS = "10.77.0.111"
	apache   = "10.77.0.112"
	lighttpd = "10.77.0.113"
	node     = "10.77.0.114"
	python   = "10.77.0.115"
	sockets  = "10.77.0.116" // WebSocket by Python
	sshd     = "10.77.0.117"
	smtp     = "10.77.0.118"
	six      = "fd77::101"   // nginx again
	odd      = "10.77.0.119" // what no proper server says
)

var addresses = [...]string{nginx, nginxTLS, apache, lighttpd, node, python, sockets, sshd, smtp, odd}

// expand puts folders and addresses into a server's configuration.
func (w *world) expand(text string) string {
	return strings.NewReplacer("%D", w.dir, "%F", w.files.dir,
		"%nginxTLS", nginxTLS, "%nginx", nginx, "%six", six, "%apache", apache, "%lighttpd", lighttpd,
		"%node", node, "%python", python, "%sockets", sockets, "%sshd", sshd, "%smtp", smtp).Replace(text)
}

// startServers starts all at once.
func (w *world) startServers(ctx context.Context) error {
	for _, name := range []string{"tmp", "put", "dav", "sent", "state"} {
		if err := w.folder(name); err != nil {
			return err
		}
	}
	starts := []func(context.Context) error{
		w.startNginx, w.startApache, w.startLighttpd, w.startNode, w.startPython, w.startSockets, w.startSSH, w.startSMTP, w.startOdd,
	}
	errs := make([]error, len(starts))
	var wait sync.WaitGroup
	for i, start := range starts {
		wait.Go(func() { errs[i] = start(ctx) })
	}
	wait.Wait()
	return errors.Join(errs...)
}

// program finds a script of testdata.
func program(name string) string {
	path, err := filepath.Abs(filepath.Join("testdata", name))
	if err != nil {
		return name
	}
	return path
}

const nginxConfig = `
user root;
worker_processes 1;
daemon off;
pid %D/state/nginx.pid;
error_log stderr warn;
events { worker_connections 512; }
http {
  include /etc/nginx/mime.types;
  access_log off;
  client_body_temp_path %D/tmp/body;
  proxy_temp_path %D/tmp/proxy;
  fastcgi_temp_path %D/tmp/fastcgi;
  scgi_temp_path %D/tmp/scgi;
  uwsgi_temp_path %D/tmp/uwsgi;
  client_max_body_size 64m;
  server {
    listen %nginx:80;
    listen [%six]:80;
    root %F;
    location /gzip/ { alias %F/; gzip on; gzip_types *; gzip_min_length 100; }
    location /slow/ { alias %F/; limit_rate 200k; }
    location /put/ { alias %D/put/; dav_methods PUT DELETE MKCOL COPY MOVE; create_full_put_path on; }
    location /private/ { alias %F/; auth_basic "wire"; auth_basic_user_file %D/users; }
    location /moved/ { rewrite ^/moved/(.*)$ /$1 permanent; }
    location /hops/ { rewrite ^/hops/(.*)$ /moved/$1 redirect; }
    location /elsewhere { return 307 http://%node/echo; }
    location /cookie { add_header Set-Cookie "taste=good; Path=/"; return 200 "cookie: $http_cookie\n"; }
    location /hang { return 444; }
    location /list/ { alias %F/site/; autoindex on; }
  }
  server {
    listen %nginxTLS:80 ssl;
    ssl_certificate %D/cert.pem;
    ssl_certificate_key %D/key.pem;
    root %F;
  }
}
`

func (w *world) startNginx(ctx context.Context) error {
	certificate, key, err := selfSigned(nginxTLS)
	err = errors.Join(err,
		w.write("nginx.conf", nginxConfig, 0o644), w.write("users", "wire:{PLAIN}secret\n", 0o644),
		w.write("cert.pem", certificate, 0o644), w.write("key.pem", key, 0o600))
	if err != nil {
		return err
	}
	return w.serve(ctx, "nginx", nginx, "nginx", "-e", "stderr", "-p", "%D", "-c", "%D/nginx.conf")
}

const apacheConfig = `
ServerRoot %D
PidFile %D/state/apache.pid
DefaultRuntimeDir %D/state
Mutex file:%D/state default
ScoreBoardFile %D/state/scoreboard
ErrorLog /dev/stderr
ServerName wire.test
User nobody
Group nogroup
Listen %apache:80
StartServers 1
ThreadsPerChild 25
MaxRequestWorkers 25
ServerLimit 1
KeepAliveTimeout 30
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authn_file_module /usr/lib/apache2/modules/mod_authn_file.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so
LoadModule auth_digest_module /usr/lib/apache2/modules/mod_auth_digest.so
LoadModule auth_basic_module /usr/lib/apache2/modules/mod_auth_basic.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
LoadModule mime_module /usr/lib/apache2/modules/mod_mime.so
LoadModule env_module /usr/lib/apache2/modules/mod_env.so
LoadModule cgid_module /usr/lib/apache2/modules/mod_cgid.so
LoadModule dav_module /usr/lib/apache2/modules/mod_dav.so
LoadModule dav_fs_module /usr/lib/apache2/modules/mod_dav_fs.so
LoadModule filter_module /usr/lib/apache2/modules/mod_filter.so
LoadModule deflate_module /usr/lib/apache2/modules/mod_deflate.so
TypesConfig /etc/mime.types
ScriptSock %D/state/cgi.sock
DocumentRoot %F
DavLockDB %D/state/davlock
<Directory />
  Require all granted
</Directory>
Alias /gzip/ %F/
<Location /gzip/>
  SetOutputFilter DEFLATE
</Location>
Alias /dav/ %D/dav/
<Directory %D/dav>
  Dav On
</Directory>
Alias /private/ %F/
<Location /private/>
  AuthType Digest
  AuthName wire
  AuthUserFile %D/digests
  Require valid-user
</Location>
ScriptAlias /cgi/ %D/cgi/
SetEnv GIT_PROJECT_ROOT %D/git
SetEnv GIT_HTTP_EXPORT_ALL 1
SetEnv HOME %D
ScriptAlias /git/ /usr/lib/git-core/git-http-backend/
`

// cgiEcho answers with what it was asked, in one write and without a length.
const cgiEcho = `#!/bin/sh
sum=$(sha256sum)
printf 'Content-Type: text/plain\r\n\r\n%s %s %s\n%s\n' "$REQUEST_METHOD" "$CONTENT_TYPE" "$QUERY_STRING" "$sum"
`

func (w *world) startApache(ctx context.Context) error {
	err := errors.Join(
		w.write("apache.conf", apacheConfig, 0o644),
		w.write("digests", "wire:wire:"+md5sum("wire:wire:secret")+"\n", 0o644),
		w.write("cgi/echo", cgiEcho, 0o755),
		w.copyGit(ctx),
	)
	if err != nil {
		return err
	}
	return w.serve(ctx, "apache", apache, "apache2", "-f", "%D/apache.conf", "-D", "FOREGROUND")
}

const lighttpdConfig = `
server.modules = ("mod_access", "mod_alias", "mod_cgi", "mod_redirect")
server.document-root = "%F"
server.bind = "%lighttpd"
server.port = 80
server.upload-dirs = ("%D/tmp")
index-file.names = ("index.html")
mimetype.assign = (".html" => "text/html", ".txt" => "text/plain", "" => "application/octet-stream")
alias.url = ("/cgi/" => "%D/cgi/")
$HTTP["url"] =~ "^/cgi/" { cgi.assign = ("" => "") }
`

func (w *world) startLighttpd(ctx context.Context) error {
	if err := w.write("lighttpd.conf", lighttpdConfig, 0o644); err != nil {
		return err
	}
	return w.serve(ctx, "lighttpd", lighttpd, "lighttpd", "-D", "-f", "%D/lighttpd.conf")
}

func (w *world) startNode(ctx context.Context) error {
	return w.serve(ctx, "node", node, "node", program("server.js"), node, "%F")
}

// startPython: its http.server speaks HTTP/1.0.
func (w *world) startPython(ctx context.Context) error {
	return w.serve(ctx, "python", python, "/usr/bin/python3", "-m", "http.server", "--bind", python, "--directory", "%F", "80")
}

func (w *world) startSockets(ctx context.Context) error {
	return w.serve(ctx, "sockets", sockets, "/usr/bin/python3", program("sockets.py"), sockets)
}

const sshdConfig = `
ListenAddress %sshd:80
HostKey %D/ssh_host
AuthorizedKeysFile %D/ssh_user.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
PrintMotd no
Subsystem sftp internal-sftp
`

// startSSH hides /run behind an empty one: sshd insists on a directory there.
func (w *world) startSSH(ctx context.Context) error {
	if err := w.write("sshd_config", sshdConfig, 0o600); err != nil {
		return err
	}
	for _, name := range []string{"ssh_host", "ssh_user"} {
		if out, err := w.lab.S1.Command(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", w.path(name)).CombinedOutput(); err != nil {
			return errors.Join(err, errors.New(string(out)))
		}
	}
	return w.serve(ctx, "sshd", sshd, "unshare", "-m", "sh", "-c",
		"mount -t tmpfs none /run && mkdir /run/sshd && exec /usr/sbin/sshd -D -e -f %D/sshd_config")
}

func (w *world) startSMTP(ctx context.Context) error {
	return w.serve(ctx, "smtp", smtp, "aiosmtpd", "-n", "-l", smtp+":80", "-c", "aiosmtpd.handlers.Debugging", "stdout")
}
