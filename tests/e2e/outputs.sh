#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Where --report, --junit, --ready-file and --ready-fd write, and what they leave alone.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# run_once ARGS... - a run that ends at once.
run_once() {
    "$RUDEPROXY" exec --listen 127.0.0.1:0 --upstream builtin:echo "$@" -- true </dev/null >"$work/out" 2>"$work/err"
}

expect_nothing_else() { # FOLDER FILES... - the names in the folder
    local folder=$1
    shift
    same "files in $folder" "$*" "$(cd "$folder" && printf '%s ' * | sed 's/ $//')"
}

folder=$work/folder
mkdir "$folder"
umask 027

# --- A regular file, new and old ----------------------------------------------------------------

for option in --report --junit --ready-file; do
    rm -rf "${folder:?}"/*
    run_once "$option" "$folder/file" || fail "$option: $(cat "$work/err")"
    [ -s "$folder/file" ] || fail "$option wrote nothing"
    same "mode of a new file" 640 "$(stat -c %a "$folder/file")"
    chmod 600 "$folder/file"
    echo old >"$folder/file"
    run_once "$option" "$folder/file"
    ! grep -q old "$folder/file" || fail "$option kept the old file"
    same "mode of an old file" 600 "$(stat -c %a "$folder/file")"
    expect_nothing_else "$folder" file
done

# A name may have 255 bytes, although the one before it has seven more.
for length in 248 249 255; do
    rm -rf "${folder:?}"/*
    name=$(printf "%${length}s" '' | tr ' ' x)
    run_once --report "$folder/$name" || fail "a name of $length bytes: $(cat "$work/err")"
    expect_nothing_else "$folder" "$name"
done

# --- Links stay links ---------------------------------------------------------------------------

for option in --report --junit --ready-file; do
    rm -rf "${folder:?}"/*
    mkdir "$folder/deep"
    ln -s deep/second "$folder/first"
    ln -s ../file "$folder/deep/second"
    for round in new old; do # the file is not there at first
        run_once "$option" "$folder/first" || fail "$option through links: $(cat "$work/err")"
        { [ -L "$folder/first" ] && [ -L "$folder/deep/second" ]; } || fail "$option replaced a link ($round)"
        [ -s "$folder/file" ] || fail "$option did not follow the links ($round)"
    done
    expect_nothing_else "$folder" deep file first
    expect_nothing_else "$folder/deep" second
done
rm -rf "${folder:?}"/*
ln -s loop "$folder/loop"
status=0
run_once --report "$folder/loop" || status=$?
same "exit status with a link to itself" 1 "$status"

# --- What is no regular file is written through -------------------------------------------------

rm -rf "${folder:?}"/*
ln -s /dev/null "$folder/null"
device=
if mknod "$folder/device" c 1 3 2>/dev/null && : 2>/dev/null >"$folder/device"; then
    device=$folder/device
fi
mkfifo "$folder/fifo"
for option in --report --junit --ready-file; do
    run_once "$option" "$folder/null" || fail "$option /dev/null: $(cat "$work/err")"
    { [ -L "$folder/null" ] && [ -c /dev/null ]; } || fail "$option replaced a link to a device"
    if [ -n "$device" ]; then
        run_once "$option" "$device" || fail "$option DEVICE: $(cat "$work/err")"
        [ -c "$device" ] || fail "$option replaced a device"
    fi
    cat "$folder/fifo" >"$work/from-fifo" &
    reader=$!
    # The reader opens it when it runs.
    eventually 20 run_once "$option" "$folder/fifo" || fail "$option FIFO: $(cat "$work/err")"
    wait "$reader"
    [ -p "$folder/fifo" ] || fail "$option replaced a FIFO"
    [ -s "$work/from-fifo" ] || fail "$option wrote nothing into a FIFO"
    run_once "$option" /dev/stdout || fail "$option /dev/stdout: $(cat "$work/err")"
    [ -s "$work/out" ] || fail "$option wrote nothing to /dev/stdout"
done
[ -n "$device" ] || note "left out: a device of our own, which takes root"

# A descriptor that we were given: its file goes on where it is, and it may be a socket.
for path in /dev/stdout /dev/fd/1 /proc/self/fd/1 "$folder/to-stdout"; do
    ln -sf /dev/fd/1 "$folder/to-stdout"
    for option in --report --junit; do
        "$RUDEPROXY" exec --listen 127.0.0.1:0 --upstream builtin:echo "$option" "$path" -- echo hello \
            </dev/null >"$work/out" 2>"$work/err" || fail "$option $path: $(cat "$work/err")"
        same "first line before $option $path" hello "$(head -n 1 "$work/out")"
        [ "$(wc -l <"$work/out")" -gt 1 ] || fail "$option $path wrote nothing"
        command -v python3 >/dev/null || continue
        python3 -c 'import socket, subprocess, sys
ours, theirs = socket.socketpair()
status = subprocess.call(sys.argv[1:], stdout=theirs)
theirs.close()
sys.stdout.write(ours.makefile().read())
sys.exit(status)' "$RUDEPROXY" exec --listen 127.0.0.1:0 --upstream builtin:echo "$option" "$path" -- echo hello \
            </dev/null >"$work/out" 2>"$work/err" || fail "$option $path, a socket: $(cat "$work/err")"
        [ "$(wc -l <"$work/out")" -gt 1 ] || fail "$option $path, a socket: it wrote nothing"
    done
done
status=0
run_once --report /dev/fd/99 || status=$?
same "exit status with a descriptor that is not open" 1 "$status"
says "$work/err" 'report /dev/fd/99: Bad file descriptor'

# An empty path, as from an unset variable of a script, is an error before the command runs.
for option in --report --junit --ready-file; do
    expect 1 "$RUDEPROXY" exec --listen 127.0.0.1:0 --upstream builtin:echo "$option" '' -- echo hello
    says "$work/err" "cannot write $option '': No such file"
    [ ! -s "$work/out" ] || fail "$option '': the command ran"
done

# A FIFO without a reader is an error, not a wait.
status=0
run_once --report "$folder/fifo" || status=$?
same "exit status with a FIFO that nobody reads" 1 "$status"
says "$work/err" 'nobody reads it'

# --- A file that cannot be replaced, as a container is given one ---------------------------------

if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null && unshare -m true 2>/dev/null; then
    rm -rf "${folder:?}"/*
    mkdir "$folder/closed"
    for name in mounted closed/file; do
        printf '%20000s' old >"$folder/$name"
    done
    chmod 666 "$folder/closed/file" "$folder/mounted"
    chmod 755 "$work" "$folder" "$folder/closed"
    mkdir -m 777 "$folder/open"
    mkdir -m 1777 "$folder/sticky"
    touch "$folder"/{open/file,open/mounted,sticky/file,full}
    chmod 644 "$folder"/{open,sticky}/*
    cp "$RUDEPROXY" "$work/rudeproxy" && chmod 755 "$work/rudeproxy"
    cat >"$work/inside.sh" <<'INSIDE'
set -eu
mount --bind "$folder/mounted" "$folder/mounted"
as=
run_once() {
    $as "$work/rudeproxy" exec --listen 127.0.0.1:0 --upstream builtin:echo "$@" -- true
}
for option in --report --junit --ready-file; do
    as=
    run_once "$option" "$folder/mounted"
    cat "$folder/mounted" >"$work/mounted$option"
    as="setpriv --reuid 65534 --regid 65534 --clear-groups"
    run_once "$option" "$folder/mounted"
    printf '%20000s' old >"$folder/closed/file"
    run_once "$option" "$folder/closed/file"
    cat "$folder/closed/file" >"$work/closed$option"
done
run_once --report /dev/stdout >"$work/not-his"
run_once --report "$folder/open/file" # not his to write, but to replace
mount --bind "$folder/open/mounted" "$folder/open/mounted"
for file in open/mounted sticky/file; do
    ! $as "$work/rudeproxy" exec --listen 127.0.0.1:0 --upstream builtin:echo --report "$folder/$file" -- touch "$folder/open/ran" || exit 8
done
as=
mkdir "$work/small"
mount -t tmpfs -o size=64k none "$work/small"
touch "$work/small/file"
! cat /dev/zero >"$work/small/zeros" 2>/dev/null || exit 7
mount --bind "$work/small/file" "$folder/full"
! run_once --report "$folder/full" || exit 6
mount -o remount,bind,ro "$folder/mounted"
! run_once --report "$folder/mounted" || exit 9
INSIDE
    expect 0 env folder="$folder" work="$work" unshare -m bash "$work/inside.sh"
    says "$work/err" 'cannot write --report .*/folder/mounted: Read-only file system'
    for file in open/mounted sticky/file; do
        says "$work/err" "cannot write --report .*/$file: Permission denied"
    done
    [ ! -e "$folder/open/ran" ] || fail "the command ran, although its report cannot be written"
    [ -s "$work/not-his" ] || fail "no report in the file of another user that is open"
    [ -s "$folder/open/file" ] || fail "no report in place of another user's file"
    # The report is whole where the copy of it is not.
    says "$work/err" 'cannot write --report .*/full: No space left on device; all of it is beside it, in full\.'
    whole=$folder/$(sed -n 's/.*; all of it is beside it, in //p' "$work/err")
    same "the end of $whole" '}' "$(tail -n 1 "$whole")"
    rm -r "$whole" "$folder"/{open,sticky,full}
    for place in mounted closed; do
        for option in --report --junit --ready-file; do
            [ -s "$work/$place$option" ] || fail "$option wrote nothing into $place"
            ! grep -q old "$work/$place$option" || fail "$option left old bytes in $place"
        done
    done
    expect_nothing_else "$folder" closed mounted
    expect_nothing_else "$folder/closed" file
else
    note "left out: files that cannot be replaced, which takes root, unshare and setpriv"
fi

# --- --ready-fd ---------------------------------------------------------------------------------

# Numbers that nobody opened would be descriptors of the program's own.
for fd in 3 4 5 6 7 8 9 10 11 12 20 100 2147483647; do
    status=0
    (
        [ "$fd" -gt 100 ] || eval "exec $fd>&-" # it may be open in what started this test
        run_once --ready-fd "$fd"
    ) || status=$?
    same "exit status with --ready-fd $fd" 2 "$status"
    says "$work/err" "ready-fd $fd is not open"
done
status=0
run_once --ready-fd 0 || status=$?
same "exit status with a descriptor for reading" 2 "$status"
run_once --ready-fd 5 5>"$work/ready.fd" || fail "--ready-fd 5: $(cat "$work/err")"
says "$work/ready.fd" '^main 127\.0\.0\.1:'

# --- A file that cannot be opened ---------------------------------------------------------------

printf '[rudeproxy]\npcap = %s\n[proxy a]\nlisten = 127.0.0.1:0\nupstream = builtin:echo\n' "$folder/none/x.pcapng" >"$work/pcap.ini"
expect 1 "$RUDEPROXY" exec -c "$work/pcap.ini" -- true
says "$work/err" "cannot open the pcap file $folder/none/x.pcapng: No such file"
sed -i 's/^pcap/log/' "$work/pcap.ini"
expect 1 "$RUDEPROXY" exec -c "$work/pcap.ini" -- true
says "$work/err" "cannot open the log $folder/none/x.pcapng: No such file"
