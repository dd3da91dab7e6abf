-- Told to the program that started wrk.
done = function(summary, latency)
  local wrong = summary.errors
  io.write(string.format(
    'FIGURES {"answers":%d,"seconds":%.6f,"p50_us":%.1f,"p99_us":%.1f,"errors":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    wrong.status + wrong.connect + wrong.read + wrong.write + wrong.timeout))
end
