#!/bin/sh
# Runs every test of the gauge, unhurried: a stream takes its time.
failed=0
for number in 1 2 3 4 5 6 7; do
    echo "test $number of 7"
    ./test_gauge "$number" || failed=1
    sleep 0.4
done
exit $failed
