# shellcheck shell=sh disable=SC2034,SC2154
# Sourced by bench.sh: the servers that are measured.  All of them run in $dir,
# on free ports, and end with the script.

running=	# what we have started, by pid

finish() {
	trap '' INT TERM
	# shellcheck disable=SC2086
	test -z "$running" || kill $running 2>/dev/null || :
	wait
	rm -rf "$dir"
}

fail() {
	echo "$*" >&2
	cat "$dir"/*.log >&2
	exit 1
}

# patiently COMMAND...: until it succeeds, for at most five seconds
patiently() {
	tries=100
	until "$@"
	do
		tries=$((tries - 1))
		test $tries -gt 0 || return 1
		sleep 0.05
	done
}

free_port() {
	python3 -c 'import socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

answers() {
	curl -s -f -m 2 -D "$dir/head" -o "$dir/body" \
		-d '{"model":"llama3.2","prompt":"hello"}' \
		"http://127.0.0.1:$1/api/generate"
}

start_model() {
	"$B/practice-model" -w "$dir/port" >"$dir/model.log" 2>&1 &
	running="$running $!"
	patiently test -s "$dir/port" || fail 'the practice model does not start'
	direct_port=$(cat "$dir/port")
	OYSTER_UPSTREAM=http://127.0.0.1:$direct_port
	export OYSTER_UPSTREAM
}

write_configurations() {
	cat >"$dir/signed.conf" <<-EOF
	include "$top/conf/lighttpd.conf"
	server.bind := "127.0.0.1"
	EOF
	cat >"$dir/mod_proxy.conf" <<-EOF
	include "$top/conf/lighttpd.conf"
	server.bind := "127.0.0.1"
	server.modules := ( "mod_proxy" )
	fastcgi.server := ( )
	proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => $direct_port )) )
	EOF
	nginx_port=$(free_port)
	cat >"$dir/nginx.conf" <<-EOF
	user $(id -un);
	worker_processes auto;
	pid $dir/nginx.pid;
	error_log $dir/nginx.log;
	events { worker_connections 4096; }
	http {
		access_log off;
		client_max_body_size 16m;
		client_body_temp_path $dir/nginx-body;
		proxy_temp_path $dir/nginx-proxy;
		fastcgi_temp_path $dir/nginx-fastcgi;
		uwsgi_temp_path $dir/nginx-uwsgi;
		scgi_temp_path $dir/nginx-scgi;
		keepalive_requests 1000000;
		upstream model {
			server 127.0.0.1:$direct_port;
			keepalive 128;
		}
		server {
			listen 127.0.0.1:$nginx_port backlog=1280;
			location / {
				proxy_pass http://model;
				proxy_http_version 1.1;
				proxy_set_header Connection "";
			}
		}
	}
	EOF
}

start_nginx() {
	nginx -c "$dir/nginx.conf" -g 'daemon off;' 2>"$dir/nginx.start.log" &
	running="$running $!"
	nginx=$!
	patiently answers "$nginx_port" || fail 'nginx does not answer'
}

# launch NAME: lighttpd with $dir/NAME.conf; sets server and port
launch() {
	responder=$B/oyster-responder lighttpd=lighttpd
	if test "$1" = signed && test -n "${BENCH_BIN:-}"
	then
		responder=$BENCH_BIN/oyster-responder lighttpd=$BENCH_BIN/lighttpd
	fi
	OYSTER_PORT=$port OYSTER_RUN_DIR=$dir/$1 "$responder" --check \
		"$lighttpd" -D -f "$dir/$1.conf" 2>"$dir/$1.log" &
	server=$!
	running="$running $server"
}

start_mod_proxy() {
	port=$(free_port)
	launch mod_proxy
	patiently answers "$port" || fail 'mod_proxy does not answer'
	proxy=$server proxy_port=$port
}

children_of() {
	for parent
	do
		cat "/proc/$parent/task/$parent/children"
	done
}

start_signed() {
	port=$(free_port)
	launch signed
	patiently answers "$port" || fail 'lighttpd does not answer'
	grep -q '^x-oyster-signature: ' "$dir/head" || fail 'an answer is not signed'
	signed_port=$port
	responders=$(children_of "$server")
	# shellcheck disable=SC2086
	signers=$(children_of $responders)
}

are_gone() {
	for process
	do
		test ! -e "/proc/$process" || return 1
	done
}

# stop PID: the server, and whatever it has started
stop() {
	family="$1 $(children_of "$1")"
	# shellcheck disable=SC2086
	family="$family $(children_of $family)"
	kill "$1"
	wait "$1" || :
	# shellcheck disable=SC2086
	patiently are_gone $family || fail 'processes are left'
	running=$(echo " $running " | sed "s/ $1 / /")
}
