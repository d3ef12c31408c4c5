# shellcheck shell=sh disable=SC2034,SC2154
# Sourced by bench.sh: instructions for an answer of 0.3 KB, by library, in a
# responder under callgrind: what 600 answers cost more than 100.  (Its signer
# is not let out alive: what it does is in bare.c.)

need_packages valgrind >&2

# counted ANSWERS: leaves callgrind's file as $dir/counted.N
counted() {
	cat >"$dir/counted.sh" <<-EOF
	#!/bin/sh
	OYSTER_SANDBOX=off exec valgrind -q --tool=callgrind --callgrind-out-file=$dir/out.%p $B/oyster-responder
	EOF
	chmod +x "$dir/counted.sh"
	port=$(free_port)
	OYSTER_RESPONDER=$dir/counted.sh
	export OYSTER_RESPONDER
	launch counted
	unset OYSTER_RESPONDER
	timeout 30 python3 "$top/scripts/bench/clients.py" first "$port" >"$dir/first" ||
		fail 'no answer under callgrind'
	python3 "$top/scripts/bench/clients.py" times "$port" "$1"
	responders=$(children_of "$server")
	stop "$server"
	mv "$dir/out.${responders% }" "$dir/counted.$1"
}

sed 's/"\(m[a-z]*-procs\)" => 2/"\1" => 1/' "$top/conf/lighttpd.conf" >"$dir/counted.conf"
counted 100
counted 600
python3 "$top/scripts/bench/instructions.py" "$dir/counted.100" "$dir/counted.600" 500
