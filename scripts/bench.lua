-- What wrk asks, and what it tells bench.sh: answers, microseconds, failures.

wrk.method = "POST"
wrk.body = '{"model":"llama3.2","prompt":"Why is the sky blue?"' ..
	(os.getenv("BENCH_FIELD") or "") .. '}'

function done(summary)
	local errors = summary.errors
	local failed = errors.status + errors.connect + errors.read +
		errors.write + errors.timeout

	print("bench", summary.requests, summary.duration, failed)
end
