#!/bin/sh
# shellcheck disable=SC2034	# variables are used in the bodies of tests

# docker/docker-compose.yml: brought up as it is, by docker-compose over
# podman, with a real Ollama.  Its image is made of the test suite's Ollama and
# has the name of the official one, and its tiny model stands in for llama3.2.

. "${0%/*}/lib.sh"
. "$TESTS/ollama.sh"
. "$TESTS/image.sh"

if test -z "${OYSTER_ALONE:-}"
then
	ollama_reason=$(ollama_obstacle)
	test -z "$ollama_reason" || skip_all "no Ollama: $ollama_reason"
	ollama_build || skip_all "no Ollama: see $OLLAMA_CACHE/build.log"
fi
image_alone "$0"
remember PORT=5000 URL=http://127.0.0.1:5000

DOCKER_HOST=unix://$TRASH/docker.sock
COMPOSE_FILE=$TOP/docker/docker-compose.yml
COMPOSE_PROJECT_NAME=oyster
export DOCKER_HOST COMPOSE_FILE COMPOSE_PROJECT_NAME

# What the files say when put together, as JSON.
configured() {
	docker-compose "$@" config 2>&1 >config.yml | sed 's/^/# /' >&2
	"$PYTHON" -c 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)' <config.yml
}

# is JQ-EXPRESSION: of config.json
is() {
	jq -e "$1" config.json >/dev/null && return
	echo "not so: $1"
	jq . config.json
	return 1
}

# FROM scratch with the libraries that it wants, where it wants them.
make_ollama_image() {
	mkdir -p root/bin root/etc root/root root/tmp root/model &&
	echo root:x:0:0:root:/root:/bin/sh >root/etc/passwd &&
	cp "$OLLAMA" root/bin/ollama &&
	ldd "$OLLAMA" | grep -o '/[^ ]*' | xargs cp -L --parents -t root &&
	ollama_model_files root/model &&
	container=$(buildah from scratch) &&
	buildah copy --quiet "$container" root / &&
	buildah config --entrypoint '["/bin/ollama"]' --cmd serve \
		--env PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		--env OLLAMA_HOST=0.0.0.0 "$container" &&
	buildah commit --quiet --format docker "$container" docker.io/ollama/ollama:0.6.0
}

# podman leaves health checks to systemd, which is not here.
check_health() {
	while :
	do
		podman healthcheck run ollama_server >/dev/null 2>&1
		sleep 0.3
	done
}

# The model is not fetched, and the key is not where the enclave has it.
cat >here.yml <<EOF
services:
  llama_proxy:
    image: $IMAGE_NAME
    volumes: ["$KEY_FILE:/app/secp.sec:ro"]
  ollama_model:
    command: create llama3.2 -f /model/Modelfile
EOF

# ask [FIELDS]
ask() {
	post -d "{\"model\":\"llama3.2\",\"prompt\":\"Why is the sky blue?\"${1:+,$1}}"
}

test_expect_success 'docker-compose takes it' '
	docker-compose config -q &&
	configured >config.json &&
	is ".services | keys == [\"llama_proxy\", \"ollama_model\", \"ollama_server\"]"
'

test_expect_success 'the network is the host alone, so no port is mapped' '
	configured >config.json &&
	is "[.services[] | .network_mode == \"host\" and (has(\"ports\") | not)] | all"
'

test_expect_success 'every container is confined, and says little' '
	configured >config.json &&
	is "[.services[] | .read_only and .cap_drop == [\"ALL\"] and
		.security_opt == [\"no-new-privileges:true\"] and .pids_limit > 0 and
		has(\"mem_limit\") and .logging.options[\"max-size\"] == \"1m\"] | all" &&
	is "[.services | .llama_proxy, .ollama_server | has(\"healthcheck\") and .restart == \"unless-stopped\"] | all" &&
	is "[.services[] | .healthcheck // empty | .interval, .timeout | test(\"^[0-9]+s\$\")] | all"
'

test_expect_success 'Ollama is reached from this machine alone, and stays in it' '
	configured >config.json &&
	is "[.services | .ollama_server, .ollama_model | .environment |
		.OLLAMA_HOST == \"127.0.0.1:11434\" and .OLLAMA_NO_CLOUD == \"1\"] | all" &&
	is ".services.ollama_server.environment.OLLAMA_KEEP_ALIVE == \"-1\""
'

test_expect_success 'the key is read-only, and the last token is that of llama3.2' '
	configured >config.json &&
	is ".services.llama_proxy.volumes == [\"/app/ecdsa.sec:/app/secp.sec:ro\"]" &&
	is ".services.llama_proxy.environment == {\"OYSTER_MAX_TOKEN\": \"128255\"}"
'

test_expect_success 'another model: the rest stays' '
	configured >first.json &&
	configured -f "$COMPOSE_FILE" -f "$TOP/docker/docker-compose.qwen.yml" >config.json &&
	is ".services.ollama_model.command == \"pull qwen2.5:0.5b\"" &&
	is ".services.llama_proxy.environment == {\"OYSTER_MAX_TOKEN\": null}" &&
	rest="del(.services.ollama_model.command, .services.ollama_model.container_name,
		.services.llama_proxy.environment)" &&
	jq -S "$rest" first.json >one &&
	jq -S "$rest" config.json >two &&
	diff one two
'

COMPOSE_FILE=$COMPOSE_FILE:$TRASH/here.yml

test_expect_success 'up: it waits for a healthy Ollama' '
	make_ollama_image >image.log 2>&1 || { cat image.log; false; } &&
	start_server podman podman system service --time=0 "$DOCKER_HOST" >>"$TRASH/podman.log" 2>&1 &&
	wait_for 20 test -S docker.sock &&
	{ check_health & } &&
	timeout 120 docker-compose --ansi never up -d --no-build 2>&1 &&
	kill $! &&
	wait_for 20 lighttpd_answers
'

model_is_there() {
	test "$(podman inspect -f '{{.State.Status}} {{.State.ExitCode}}' ollama_model_llama3.2)" = 'exited 0'
}

test_expect_success 'a prompt is answered by the real Ollama, and signed by the key that was mounted' '
	wait_for 60 model_is_there || { podman logs ollama_model_llama3.2; false; } &&
	ask &&
	status 200 &&
	signed &&
	grep "\"done\":true" body
'

test_expect_success 'oyster-verify says so, too' '
	test -x "$B/oyster-verify" || exit 0
	ask &&
	"$B/oyster-verify" --address 0x1a642f0e3c3af545e7acbd38b07251b3990914f1 \
		--headers headers --body body --request request --require both
'

test_expect_success 'it is healthy: by its program, and by what that asks' '
	podman healthcheck run llama_proxy &&
	podman healthcheck run ollama_server &&
	fetch GET /health &&
	status 200
'

test_expect_success 'port 5000 is open to the world, Ollama is not' '
	awk "\$4 == \"0A\" { print \$2 }" /proc/net/tcp /proc/net/tcp6 >listening &&
	cat listening &&
	grep "^00000000:1388$" listening &&
	grep "^0100007F:2CAA$" listening &&
	test "$(grep -c ":2CAA$" listening)" = 1
'

test_expect_success 'what was asked for is what runs' '
	for name in llama_proxy ollama_server
	do
		pid=$(podman inspect -f "{{.State.Pid}}" "$name") &&
		grep -E "^(CapEff|CapBnd|NoNewPrivs):" "/proc/$pid/status" &&
		grep -qE "^CapEff:.0000000000000000$" "/proc/$pid/status" &&
		grep -qE "^CapBnd:.0000000000000000$" "/proc/$pid/status" &&
		grep -qE "^NoNewPrivs:.1$" "/proc/$pid/status" &&
		awk "\$5 == \"/\" { print \$6 }" "/proc/$pid/mountinfo" | grep -E "^ro(,|$)" || return 1
	done
'

test_expect_success 'down: what is under way is finished, then nothing is left' '
	mkdir last && { (cd last && ask "\"options\":{\"num_predict\":400}") & } &&
	sleep 0.2 &&
	podman logs llama_proxy >"$TRASH/lighttpd.log" 2>&1 &&
	timeout 60 docker-compose --ansi never stop llama_proxy 2>&1 &&
	wait $! &&
	(cd last && status 200) &&
	timeout 60 docker-compose --ansi never down --volumes 2>&1 &&
	podman ps -a --format "{{.Names}}" >left &&
	cat left &&
	test ! -s left &&
	! lighttpd_answers
'

image_done
