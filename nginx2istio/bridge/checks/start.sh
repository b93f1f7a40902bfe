#!/bin/sh
# Prepares what nginx.conf includes, then runs nginx.
set -eu

mkdir -p /tmp/users

# The name servers of the cluster. nginx looks names up when it needs them, so it starts without.
servers=$(awk '$1 == "nameserver" { print ($2 ~ /:/) ? "[" $2 "]" : $2 }' /etc/resolv.conf)
if [ -n "$servers" ]; then
  echo "resolver $(echo $servers) valid=10s;" >/tmp/resolver.conf
else
  : >/tmp/resolver.conf
fi
if [ -f /proc/net/if_inet6 ]; then
  echo 'listen [::]:8080;' >/tmp/listen.conf
else
  : >/tmp/listen.conf
fi

# A Secret with a key a user (auth-secret-type: auth-map) becomes an htpasswd file. A change of the
# Secret comes through as it does for the others; without keys there is no file.
write_users() {
  for secret in /etc/nginx2istio-maps/*/; do
    [ -d "$secret" ] || continue
    name=$(basename "$secret")
    : >"/tmp/users/.$name"
    for user in "$secret"*; do
      [ -f "$user" ] || continue
      printf '%s:%s\n' "$(basename "$user")" "$(cat "$user")" >>"/tmp/users/.$name"
    done
    if [ -s "/tmp/users/.$name" ]; then
      mv "/tmp/users/.$name" "/tmp/users/$name"
    else
      rm -f "/tmp/users/$name"
    fi
  done
}

write_users
if [ -d /etc/nginx2istio-maps ]; then
  while sleep 10; do write_users; done &
fi
exec nginx -c /etc/nginx2istio/nginx.conf -g 'daemon off;'
