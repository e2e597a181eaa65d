#!/bin/sh
# exec, so that the server is process 1 and hears SIGTERM. Arguments come last: a user's flag wins over these.
exec /usr/bin/tensorflow_model_server --port=8500 --rest_api_port=8501 \
    --model_name="${MODEL_NAME}" --model_base_path="${MODEL_BASE_PATH}/${MODEL_NAME}" "$@"
