#!/bin/sh

# What Go, and so Ollama, makes of request bodies and of what is relayed of
# them is what is signed.  DIFFERENTIAL is the number of bodies.

. "${0%/*}/lib.sh"

command -v go >/dev/null || skip_all 'Go is not installed'

test_expect_success 'our scanner, jansson and Go find the same in generated bodies' '
	(cd "$TESTS/differential" && GO111MODULE=off go build -o "$TRASH/differential" main.go) &&
	"$TRASH/differential" -n "${DIFFERENTIAL:-100000}" "$B/scanner" >counts &&
	cat counts &&
	accepted=$(sed -n "s/.* \([0-9]*\) accepted.*/\1/p" counts) &&
	covered=$(sed -n "s/.* \([0-9]*\) of them covered.*/\1/p" counts) &&
	test "$accepted" -gt $((${DIFFERENTIAL:-100000} / 4)) &&
	test "$covered" -gt $((${DIFFERENTIAL:-100000} / 10))
'

test_expect_success 'a scanner that says another prompt is found out' '
	printf "#!/bin/sh\n\"%s\" | sed \"s/sky/Sky/\"\n" "$B/scanner" >bent &&
	chmod +x bent &&
	! "$TRASH/differential" -n 10000 ./bent
'

test_done
