#!/bin/sh
# bench.sh [--markdown]: requests per second, processor time and memory, with
# the practice model as the model server, asked
#
#	(a) directly, (b) through lighttpd's mod_proxy, (c) through ours
#
# in turn, several rounds; medians are printed.  (b) and (c) run the shipped
# conf/lighttpd.conf and differ in the handler alone.  Settings of the
# environment (OYSTER_THREADS ...) count, ROUNDS and SECONDS_EACH too.

set -eu
top=$(cd "${0%/*}/.." && pwd)
. "$top/scripts/packages.sh"
B=${B:-$top/build}
ROUNDS=${ROUNDS:-3}
SECONDS_EACH=${SECONDS_EACH:-3}
CLIENTS='1 32 128'
WAITING='100 600 1200'	# 1,200 is what two responders take by default
markdown=${1:-}

# shellcheck disable=SC2086
need_packages $BUILD_PACKAGES $RUN_PACKAGES wrk python3
PATH=$PATH:/usr/sbin:/sbin
make -s -C "$top" B="$B"

# --- processes ---

dir=$(mktemp -d /tmp/oyster-bench.XXXXXX)
running=	# what we have started, by pid

finish() {
	trap '' INT TERM
	# shellcheck disable=SC2086
	test -z "$running" || kill $running 2>/dev/null || :
	wait
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

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

start_model() {
	"$B/practice-model" -w "$dir/port" >"$dir/model.log" 2>&1 &
	running="$running $!"
	patiently test -s "$dir/port" || fail 'the practice model does not start'
	model=$(cat "$dir/port")
	OYSTER_UPSTREAM=http://127.0.0.1:$model
	export OYSTER_UPSTREAM
}

answers() {
	curl -s -f -m 2 -D "$dir/head" -o "$dir/body" \
		-d '{"model":"llama3.2","prompt":"hello"}' \
		"http://127.0.0.1:$1/api/generate"
}

# start_lighttpd NAME: with $dir/NAME.conf; sets server and port
start_lighttpd() {
	port=$(free_port)
	OYSTER_PORT=$port OYSTER_RUN_DIR=$dir/$1 \
		"$B/oyster-responder" --check \
		lighttpd -D -f "$dir/$1.conf" 2>"$dir/$1.log" &
	server=$!
	running="$running $server"
	patiently answers "$port" || fail "lighttpd ($1) does not answer"
}

children_of() {
	for parent
	do
		cat "/proc/$parent/task/$parent/children"
	done
}

start_signed() {
	start_lighttpd signed
	grep -q '^x-oyster-signature: ' "$dir/head" || fail 'an answer is not signed'
	responders=$(children_of "$server")
	# shellcheck disable=SC2086
	signers=$(children_of $responders)
}

is_gone() {
	for process in $server $responders $signers
	do
		test ! -e "/proc/$process" || return 1
	done
}

stop_signed() {
	kill "$server"
	wait "$server" || :
	patiently is_gone || fail 'processes are left'
	running=$model_pid
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
	proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => $model )) )
	EOF
}

# --- what is measured ---

# Clock ticks of processor time that the processes have used; 0 for none.
ticks() {
	for process
	do
		cat "/proc/$process/stat"
	done | awk '{ sum += $14 + $15 } END { print sum + 0 }'
}

# shellcheck disable=SC2086
all_ticks() {
	case $1 in
	direct)		echo 0 0 0 ;;
	mod_proxy)	echo "$(ticks $proxy) 0 0" ;;
	signed | single) echo "$(ticks $server) $(ticks $responders) $(ticks $signers)" ;;
	esac
}

export BENCH_FIELD

# run ROUND CLIENTS TARGET PORT [SECONDS]
run() {
	before=$(all_ticks "$3")
	timeout $((${5:-$SECONDS_EACH} + 20)) \
		wrk -t1 -c"$2" -d"${5:-$SECONDS_EACH}" -s "$top/scripts/bench.lua" \
		"http://127.0.0.1:$4/api/generate" >"$dir/wrk" || fail 'wrk failed'
	# shellcheck disable=SC2046
	echo $(awk '$1 == "bench" { print $2, $3, $4 }' "$dir/wrk") \
		"$before" "$(all_ticks "$3")" |
		awk -v what="run $1 $2 $3" \
			'{ print what, $1, $2, $3, $7 - $4, $8 - $5, $9 - $6 }'
}

measure_speed() {
	for target in direct mod_proxy signed
	do
		BENCH_FIELD=''
		eval "run 0 32 $target \$${target}_port 1" >/dev/null	# warm-up
	done
	round=0
	while test $((round += 1)) -le "$ROUNDS"
	do
		for clients in $CLIENTS
		do
			run $round "$clients" direct "$direct_port"
			run $round "$clients" mod_proxy "$mod_proxy_port"
			run $round "$clients" signed "$signed_port"
			# A receipt has no place for "raw": one signature.
			BENCH_FIELD=',"raw":true'
			run $round "$clients" single "$signed_port"
			BENCH_FIELD=''
		done
	done
}

# KB of memory, what is shared counted in parts
pss() {
	for process in $server $responders $signers
	do
		cat "/proc/$process/smaps_rollup"
	done | awk '$1 == "Pss:" { sum += $2 } END { print sum }'
}

waiting_now() {
	curl -s -m 2 "$OYSTER_UPSTREAM/oyster/stats" |
		grep -q "\"waiting\":$1[,}]"
}

measure_memory() {
	echo "memory idle $(pss)"
	for clients in $WAITING
	do
		python3 "$top/scripts/bench-wait.py" "$port" "$clients" >"$dir/answered" &
		waiter=$!
		patiently waiting_now "$clients" || :	# fewer: the answers will tell
		kb=$(pss)
		wait $waiter || fail 'the waiting clients failed'
		echo "memory $clients $kb $(cat "$dir/answered")"
	done
	patiently waiting_now 0 || :
	echo "memory gone $(pss)"
}

describe() {
	echo "$(nproc) cores of $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n1)," \
		"Linux $(uname -r)," \
		"$(lighttpd -v | sed 's/ .*//; q')," \
		"libcurl $(pkg-config --modversion libcurl), $(wrk -v 2>&1 | sed 's/ \[.*//; q')," \
		"load before $(cut -d' ' -f1 /proc/loadavg);" \
		"$ROUNDS rounds of $SECONDS_EACH s"
	echo
}

"$B/oyster-key" new "$dir/bench.sec" >"$dir/key.log"
OYSTER_KEY_FILE=$dir/bench.sec
export OYSTER_KEY_FILE
describe
start_model
model_pid=$!
write_configurations

start_lighttpd mod_proxy
proxy=$server mod_proxy_port=$port direct_port=$model
start_signed
signed_port=$port
measure_speed >"$dir/samples"
kill "$proxy"
wait "$proxy" || :
stop_signed

start_signed	# memory of a server that has not worked yet
if cat /proc/"${responders%% *}"/smaps_rollup >"$dir/body" 2>&1
then
	measure_memory >>"$dir/samples"
else
	echo 'memory: only root can read that of the responders'
fi
stop_signed
# shellcheck disable=SC2086
python3 "$top/scripts/bench-report.py" $markdown <"$dir/samples"
