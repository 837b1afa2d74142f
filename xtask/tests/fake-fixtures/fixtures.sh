#!/bin/sh
# Stands in for the fixtures' executable and behaves as badly as a program can.

finding='{"fingerprint":"f","rule":"data-race","certainty":"observed","test":null,"message":"raced","threads":[],"objects":[],"replay":null}'
found() { echo "$finding" >> "$LOCKWISE_OUTPUT"; }
ended() { echo "lockwise-fixtures: $1::$2 ended" >&2; }

case "$1" in
list) echo '[{"by":"run","program":"good","variant":"buggy","expect":[["data-race"]]}]'; exit 0 ;;
run) shift ;;
explore)
    # explore PROGRAM VARIANT SIZE --findings FILE
    [ "$4 $5" = "3 --findings" ] || exit 9
    LOCKWISE_OUTPUT=$6
    ended() { echo '{"executions":6,"blocked":1,"complete":true,"seconds":0.5}'; }
    shift ;;
esac

case "$1" in
good) found; ended "$@" ;;
checks-environment)
    [ "$LOCKWISE_ON_FINDING" = collect ] && [ "$LOCKWISE_TEST" = "$1::$2" ] && ended "$@" ;;
deadlocks) echo "$finding" | sed s/data-race/deadlock/ >> "$LOCKWISE_OUTPUT"; exit 101 ;;
segfaults) found; kill -SEGV $$ ;;
aborts) found; echo "thread panicked" >&2; kill -ABRT $$ ;;
exits-early | says-nothing) found; exit 0 ;;
fails) found; exit 3 ;;
hangs) found; sleep 600 ;;
hangs-with-a-child) found; sleep 600 & wait ;;
prints-megabytes)
    found
    head -c 3000000 /dev/zero
    head -c 3000000 /dev/zero >&2
    ended "$@" ;;
leaves-a-child) found; ended "$@"; sleep 600 & ;;
is-cut-off) found; printf '{"fingerprint":"f","ru' >> "$LOCKWISE_OUTPUT"; kill -KILL $$ ;;
esac
