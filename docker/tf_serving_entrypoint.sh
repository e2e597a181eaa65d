#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A first word that is no flag is a verb of tensord (`show DIR`, `run DIR ...`, `help`); without one, or with `serve`,
# the models are served. exec, so that the server is process 1 and hears SIGTERM. Arguments come last: a user's flag
# wins over these.
bin=${0%/*}
case ${1:-} in
serve) shift ;;
-* | '') ;;
*) exec "$bin/tensord" "$@" ;;
esac
exec "$bin/tensorflow_model_server" --port=8500 --rest_api_port=8501 \
    --model_name="${MODEL_NAME}" --model_base_path="${MODEL_BASE_PATH}/${MODEL_NAME}" "$@"
