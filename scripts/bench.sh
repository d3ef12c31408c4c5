#!/bin/sh
# bench.sh [--instructions] [--readme]: what an answer costs, beside others.
#
# The practice model is asked directly, through lighttpd's mod_proxy, through
# nginx's proxy_pass, and through ours, in turn; medians of the rounds count.
# All run on this machine and share it with wrk and the model.
#
#	--instructions	also counts instructions by library (valgrind)
#	--readme	puts tables and pictures into README.md and scripts/bench/
#	BENCH=quick	five minutes instead of twelve
#	BENCH_BIN=DIR	ours are the oyster-responder and lighttpd in there, as
#			those of the image; with quick, what the README says of them
#
# $B/bench gets samples (what was measured), table.md, table.csv and *.png.
# Settings of the environment (OYSTER_THREADS ...) count.

set -eu
top=$(cd "${0%/*}/.." && pwd)
. "$top/scripts/packages.sh"
. "$top/scripts/bench/servers.sh"
B=${B:-$top/build}
out=$B/bench
WAITING='100 600 1200'	# 1,200 is what two responders take by default
case "${BENCH_BIN:+bin} $* " in
bin*' --readme '*)
	echo 'the README is about the build here, not BENCH_BIN' >&2
	exit 2 ;;
esac

# shellcheck disable=SC2086
need_packages $BUILD_PACKAGES $RUN_PACKAGES wrk nginx-light gnuplot-nox python3
PATH=$PATH:/usr/sbin:/sbin
make -s -C "$top" B="$B" all "$B/bench-bare"
mkdir -p "$out"

# A tmpfs, as conf/lighttpd.conf wants for large bodies.
dir=$(mktemp -d /dev/shm/oyster-bench.XXXXXX || mktemp -d /tmp/oyster-bench.XXXXXX)
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# User's and system's clock ticks of the processes; 0 0 for none.
ticks() {
	for process
	do
		cat "/proc/$process/stat"
	done | awk '{ u += $14; s += $15 } END { print u + 0, s + 0 }'
}

# Of server, responders, signers.
all_ticks() {
	# shellcheck disable=SC2046,SC2086
	case $1 in
	direct)		echo 0 0 0 0 0 0 ;;
	mod_proxy)	echo "$(ticks $proxy) 0 0 0 0" ;;
	nginx)		echo "$(ticks $(children_of $nginx)) 0 0 0 0" ;;
	*)		echo "$(ticks $server) $(ticks $responders) $(ticks $signers)" ;;
	esac
}

port_of() {
	case $1 in
	direct)		echo "$direct_port" ;;
	mod_proxy)	echo "$proxy_port" ;;
	nginx)		echo "$nginx_port" ;;
	*)		echo "$signed_port" ;;
	esac
}

# run SIZE CLIENTS TARGET SECONDS: a sample line, see report.py
run() {
	export BENCH_MODEL BENCH_FIELD
	BENCH_FIELD=''
	# A receipt has no place for "raw": one signature.
	test "$3" != single || BENCH_FIELD=',"raw":true'
	before=$(all_ticks "$3")
	timeout $(($4 + 40)) wrk -t1 -c"$2" -d"$4" --timeout 30 \
		-s "$top/scripts/bench/wrk.lua" \
		"http://127.0.0.1:$(port_of "$3")/api/generate" >"$dir/wrk" ||
		fail 'wrk failed'
	echo "run $1 $2 $3 $(sed -n 's/^bench[[:space:]]*//p' "$dir/wrk")" \
		"$before $(all_ticks "$3")"
}

# compare SIZE MODEL ROUNDS SECONDS TARGETS CLIENTS...
compare() {
	size=$1 BENCH_MODEL=$2 rounds=$3 seconds=$4 targets=$5
	shift 5
	while test "$rounds" -gt 0
	do
		for clients
		do
			for target in $targets
			do
				run "$size" "$clients" "$target" "$seconds"
			done
		done
		rounds=$((rounds - 1))
	done
}

measure_speed() {
	all='direct mod_proxy nginx signed single'
	few='direct mod_proxy nginx signed'
	compare warm-up llama3.2 1 1 "$all" 32 >"$dir/warm-up"
	if test "${BENCH:-}" = quick
	then
		compare 300 llama3.2 2 1 "$all" 1 16 128
		compare 1048576 huge-1048576 1 2 "$few" 16
		return
	fi
	compare 300 llama3.2 3 2 "$all" 1 16 64 128 512
	compare 16384 huge-16384 2 2 "$few" 1 16 64 128 512
	compare 262144 huge-262144 2 2 "$few" 1 16 64 128
	compare 262144 huge-262144 1 6 "$few" 512
	compare 1048576 huge-1048576 2 3 "$few" 1 16 64
	compare 1048576 huge-1048576 1 6 "$few" 128
	compare 1048576 huge-1048576 1 15 "$few" 512
}

# KB of memory, what is shared counted in parts
pss() {
	for process
	do
		cat "/proc/$process/smaps_rollup"
	done | awk '$1 == "Pss:" { sum += $2 } END { print sum }'
}

waiting_now() {
	curl -s -m 2 "$OYSTER_UPSTREAM/oyster/stats" |
		grep -q "\"waiting\":$1[,}]"
}

# measure_waiting TARGET PID...
measure_waiting() {
	what=$1
	shift
	echo "memory $what idle $(pss "$@")"
	for clients in $WAITING
	do
		python3 "$top/scripts/bench/clients.py" wait "$(port_of "$what")" \
			"$clients" >"$dir/answered" &
		waiter=$!
		patiently waiting_now "$clients" || :	# fewer: the answers will tell
		sleep 2		# of six: what only the way there took is given back
		kb=$(pss "$@")
		wait $waiter || fail 'the waiting clients failed'
		echo "memory $what $clients $kb $(cat "$dir/answered")"
	done
}

# The most memory while 128 clients take replies of a megabyte, and what is left.
measure_large() {
	sleep 75	# what waiting clients took is given back: see below
	BENCH_MODEL=huge-1048576
	run 1048576 128 signed 4 >"$dir/large" &
	load=$!
	most=0
	while kill -0 $load 2>/dev/null
	do
		kb=$(pss "$@")
		test "$kb" -lt "$most" || most=$kb
		sleep 0.1
	done
	wait $load
	echo "memory signed large $most"
	sleep 75	# threads rest for five seconds; lighttpd clears up every 64
	echo "memory signed gone $(pss "$@")"
}

measure_memory() {
	# shellcheck disable=SC2086
	set -- $server $responders $signers
	measure_waiting signed "$@"
	measure_large "$@"
	measure_waiting mod_proxy "$proxy"
}

# The sum of the most resident memory that the processes ever had, in KB.
peaks() {
	for process
	do
		cat "/proc/$process/status"
	done | awk '$1 == "VmHWM:" { sum += $2 } END { print sum }'
}

# ask NAME MODEL BYTES: a long prompt or reply, beside a direct one
ask() {
	# shellcheck disable=SC2086
	set -- "$@" $server $responders $signers
	name=$1 model=$2 bytes=$3
	shift 3
	direct=$(python3 "$top/scripts/bench/clients.py" ask "$direct_port" \
		"$model" "$bytes")
	for process
	do
		echo 5 >"/proc/$process/clear_refs"	# the peak begins anew
	done
	before=$(peaks "$@")
	ours=$(python3 "$top/scripts/bench/clients.py" ask "$signed_port" \
		"$model" "$bytes")
	echo "long $name $direct $ours $before $(peaks "$@")"
}

measure_long() {
	ask prompt-1048576 huge-300 1048576	# it does not say the prompt again
	ask prompt-8388608 huge-300 $((8388608 - 64))
	ask reply-16777216 huge-$((16777216 - 512)) 1
}

# Clients that wait: what they get done of what the model allows.
measure_waits() {
	while read -r clients milliseconds seconds
	do
		patiently waiting_now 0 || :	# those of the last run have left
		sleep 1
		BENCH_MODEL=slow-$milliseconds
		echo "wait $milliseconds $(run 0 "$clients" signed "$seconds")"
	done <<-EOF
	200 300 6
	800 300 12
	1200 2000 24
	EOF
}

measure_start() {
	for _ in 1 2 3 4 5
	do
		port=$(free_port)
		timeout 30 python3 "$top/scripts/bench/clients.py" first "$port" >"$dir/first" &
		waiter=$!
		sleep 0.3	# it asks every millisecond now
		begun=$(date +%s%N)
		launch signed
		wait $waiter || fail 'no answer'
		echo "start $((($(cat "$dir/first") - begun) / 1000))"
		stop "$server"
	done
}

measure_size() {
	strip -o "$dir/stripped" "$B/oyster-responder"
	echo "size $(wc -c <"$dir/stripped")" \
		"$(readelf -d "$B/oyster-responder" | grep -c NEEDED)" \
		"$(ldd "$B/oyster-responder" | grep -c '=> /')"
}

describe() {
	echo "machine $(nproc) cores of" \
		"$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n1)," \
		"Linux $(uname -r | sed 's/-.*//'), $(lighttpd -v | sed 's/ .*//; q')," \
		"$(nginx -v 2>&1 | sed 's/.*: //')," \
		"libcurl $(pkg-config --modversion libcurl)," \
		"$(wrk -v 2>&1 | sed 's/ \[.*//; q')," \
		"load before $(cut -d' ' -f1 /proc/loadavg)"
}

measure() {
	describe
	measure_size
	"$B/bench-bare"
	write_configurations
	measure_start
	start_mod_proxy
	start_nginx
	start_signed
	measure_speed
	"$B/bench-bare"
	measure_waits
	stop "$server"

	start_signed	# memory of a server that has not worked yet
	if ! cat /proc/"${responders%% *}"/smaps_rollup >"$dir/body" 2>&1
	then
		echo 'note only root can read the memory of the responders'
	else
		measure_memory
		measure_long
	fi
	stop "$server"
}

"$B/oyster-key" new "$dir/bench.sec" >"$dir/key.log"
OYSTER_KEY_FILE=$dir/bench.sec
export OYSTER_KEY_FILE
start_model
measure >"$out/samples"
case " $* " in
*' --instructions '*) . "$top/scripts/bench/instructions.sh" >>"$out/samples" ;;
esac
python3 "$top/scripts/bench/report.py" "$out"
test "${BENCH:-}" = quick || for plot in throughput memory answer
do
	(cd "$out" && gnuplot "$top/scripts/bench/$plot.gnuplot")
done
cat "$out/table.md"
case " $* " in
*' --readme '*) python3 "$top/scripts/bench/report.py" "$out" "$top/README.md" &&
	cp "$out"/*.png "$top/scripts/bench" ;;
esac
