#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: square/okhttp#2738
# Symptom: `unexpected end of stream on http://`, with retryOnConnectionFailure(false)
# Programs: okhttp 3.13, nginx
# INI: `close` upstream before `message:2/POST`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need java javac
jars=/usr/share/java/okhttp.jar:/usr/share/java/okio.jar
[ -e /usr/share/java/okhttp.jar ] || skip "libokhttp-java is not installed"
nginx_start
cat >"$work/Client.java" <<'JAVA'
import okhttp3.*;

public class Client {
    public static void main(String[] args) throws Exception {
        OkHttpClient client = new OkHttpClient.Builder().retryOnConnectionFailure(false).build();
        RequestBody order = RequestBody.create(MediaType.get("text/plain"), "order");
        for (int i = 0; i < 2; i++) {
            try (Response reply = client.newCall(new Request.Builder().url(args[0]).post(order).build()).execute()) {
                reply.body().string();
            } catch (java.io.IOException error) {
                System.out.println(error.getMessage());
            }
        }
        System.exit(0);
    }
}
JAVA
javac -nowarn -cp "$jars" -d "$work" "$work/Client.java" >"$work/javac.out" 2>&1 || fail "javac: $(cat "$work/javac.out")"

attempt() {
    in_front_of "$nginx_port" http <<'INI'
[fault keepalive-race]
type = close
direction = upstream
when = message:2/POST
edge = before
INI
    prints '^unexpected end of stream on ' java -cp "$work:$jars" Client "http://$address/"
    fault_fired
}
reproduce attempt
