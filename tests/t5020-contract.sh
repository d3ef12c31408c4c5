#!/bin/sh

# keys/verify/OysterReceipt.sol, compiled and run in an EVM.

. "${0%/*}/lib.sh"

for package in solc @ethereumjs/evm ethers
do
	test -d "$TESTS/node_modules/$package" || skip_all "no tests/node_modules/$package"
done

test_expect_success 'a contract verifies and refuses what it must' '
	node "$TESTS/evm.mjs" "$TESTS"/vectors/verdict-*.json &&
	cp "$TRASH/.output" "$TRASH/gas"
'

test_expect_success 'a contract verifies what the old program signed' '
	node "$TESTS/evm.mjs" "$TESTS/vectors/receipt.json"
'

test_expect_success 'a contract verifies recorded exchanges' '
	node "$TESTS/evm.mjs" "$TESTS/vectors/exchange.json"
'

sed -n 's/^gas /# gas /p' "$TRASH/gas"

sed 's/"verdict": "verify"/"verdict": "refuse"/' "$TESTS/vectors/verdict-exchange.json" >turned.json
test_expect_success 'the judge is not one that agrees to everything' '
	! node "$TESTS/evm.mjs" turned.json >said &&
	grep "is verified, and must be refused" said
'

test_done
