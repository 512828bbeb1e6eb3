#!/bin/sh
# Makes the passwords of deploy/compose.yaml, once: deploy/compose/make-secrets.sh [FOLDER]
# Each is a file that only the containers which name it can see. The folder is yours alone; in the containers the
# files belong to nobody in particular, so that they must be readable.
set -eu
folder=${1:-$(dirname "$0")/secrets}
if [ -e "$folder/postgres_password" ]; then
  echo "$folder has passwords already; PostgreSQL's data go with them" >&2
  exit 1
fi
mkdir -p "$folder"
chmod 0700 "$folder"
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
umask 0022
for name in postgres state shop grafana; do
  random > "$folder/${name}_password"
done
host=${WINBURN_DATABASE:-database:5432}
printf 'postgresql+psycopg://winburn:%s@%s/winburn' "$(cat "$folder/state_password")" "$host" > "$folder/state_url"
printf 'postgresql+psycopg://winburn_reader:%s@%s/shop' "$(cat "$folder/shop_password")" "$host" > "$folder/shop_url"
