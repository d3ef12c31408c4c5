-- What wrk asks, and how much of it failed.

wrk.method = "POST"
wrk.body = '{"model":"llama3.2","prompt":"Why is the sky blue?"}'

function done(summary)
	local errors = summary.errors

	print("failed", errors.status + errors.connect + errors.read +
		errors.write + errors.timeout)
end
