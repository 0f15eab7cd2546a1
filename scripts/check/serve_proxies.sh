#!/usr/bin/env bash
# Puts nginx and HAProxy in front of digitrec serve on loopback, as docs/serve.md says, and drives the page through each in headless
# Chromium: nginx with a path of its own that it takes off, nginx with one that it leaves (--root-path), HAProxy with its health
# check.
#
# usage: scripts/check/serve_proxies.sh
#
# Installs: nginx-light and haproxy (apt-get); what scripts/setup/install_dependencies.sh --browser names (that script's --help).
# Needs: DIGITREC=PATH names another program than build/release/digitrec.
# Takes: three minutes on 2 cores.
source "$(dirname "$0")/../common.sh"
read_arguments 0 0 "$@"
need_digitrec
apt_install nginx-light haproxy
scripts/setup/install_dependencies.sh --browser
node=.cache/browser/playwright/driver/node
[ -x "$node" ] || node=$(command -v node) || die "no Node.js in .cache/browser nor on PATH; install Node.js 20 or later and run this again"
make_work
port=$(("$(date +%N | sed 's/^0*//')" % 20000 + 20000))

# NAME: a file of the proxy's settings, from docs/serve.md, becomes one that it can be started with.
settings() { sed -n "/^<!-- $1 -->/,/^$/{/^    /s/^    //p}" docs/serve.md | sed "s/127.0.0.1:7860/127.0.0.1:SERVER/; s/\*:80\b/127.0.0.1:$port/"; }

cat >"$work/nginx.conf.in" <<CONF
$([ "$(id -u)" -ne 0 ] || echo "user root;")
worker_processes 1;
pid $work/nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path $work; proxy_temp_path $work; fastcgi_temp_path $work; uwsgi_temp_path $work; scgi_temp_path $work;
  server {
    listen 127.0.0.1:$port;
LOCATION
  }
}
CONF
(sed '/LOCATION/,$d' "$work/nginx.conf.in"; settings nginx; sed '1,/LOCATION/d' "$work/nginx.conf.in") >"$work/nginx.conf"
# The same without a path behind the server's address: nginx then leaves the path as it came.
sed 's|127.0.0.1:SERVER/;|127.0.0.1:SERVER;|' "$work/nginx.conf" >"$work/nginx-root-path.conf"
(printf 'defaults\n  timeout connect 3s\n  timeout client 60s\n  timeout server 60s\n'; settings haproxy
 printf 'frontend stats\n  mode http\n  bind 127.0.0.1:%s\n  stats enable\n  stats uri /stats\n' $((port + 1))) >"$work/haproxy.conf"
grep -q SERVER "$work/nginx-root-path.conf" && grep -q SERVER "$work/haproxy.conf" || die "docs/serve.md: no settings found"

# Each is a program that is given the server's port, prints the page's address once the proxy answers, and runs it.
front() {  # NAME COMMAND PATH UNTIL
  cat >"$work/$1" <<FRONT
#!/usr/bin/env bash
sed "s/SERVER/\$1/" "$work/$1.conf" >"$work/$1.started.conf"
$2 &
trap "kill \$!" EXIT
until $4; do sleep 0.2; kill -0 \$! || exit; done
echo "http://127.0.0.1:$port$3"
wait
FRONT
  chmod +x "$work/$1"
}
for name in nginx nginx-root-path; do
  front $name "nginx -p $work -e stderr -c $work/$name.started.conf -g 'daemon off;'" /digits/ \
    "curl -sf -o /dev/null http://127.0.0.1:$port/digits/healthz"
done
# Until its health check has found the server up: HTTP/1.0 without a Host.
front haproxy "haproxy -q -f $work/haproxy.started.conf" / \
  "curl -sf 'http://127.0.0.1:$((port + 1))/stats;csv' | grep '^digits,' | grep -q ',L7OK,200,'"

for name in nginx nginx-root-path haproxy; do
  say "$name"
  flags=
  [ "$name" != nginx-root-path ] || flags="--root-path /digits"
  code=0
  FRONT=$work/$name SERVE_FLAGS=$flags "$node" tests/scripts/serve_page_test.mjs "$digitrec" || code=$?
  [ "$code" -ne 77 ] || die "no browser to drive; install Chromium or Chrome, and run this again"
  [ "$code" -eq 0 ] || die "$name: the page does not work"
done
