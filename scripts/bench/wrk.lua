-- What wrk asks, and what it tells bench.sh: answers, microseconds, failures,
-- bytes, and the latency: mean, p50 and p99 in microseconds.

wrk.method = "POST"
wrk.body = '{"model":"' .. os.getenv("BENCH_MODEL") ..
	'","prompt":"Why is the sky blue?","stream":false' .. (os.getenv("BENCH_FIELD") or "") .. '}'

function done(summary, latency)
	local errors = summary.errors
	local failed = errors.status + errors.connect + errors.read +
		errors.write + errors.timeout

	print("bench", summary.requests, summary.duration, failed, summary.bytes,
		math.floor(latency.mean), latency:percentile(50), latency:percentile(99))
end
