"""Serves S3 by moto, which checks the signature of every request, on a free port.

Prints one JSON line: the address, a key of a user, a key of a role with its session token, and the names of two buckets,
"closed", and "open", which is readable by all. Ends when its input is closed.
"""

import json
import sys

import boto3
import flask
import requests
from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam import access_control
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
READING = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": ["arn:aws:s3:::open", "arn:aws:s3:::open/*"],
        }
    ],
}



class Judge(access_control.S3IAMRequest):
    """Checks the address as it was sent (moto 5.1 uses a partly decoded one), and allows requests without a signature
    according to the bucket's policy (moto 5.1 fails)."""

    def __init__(self, **given):
        self._is_anonymous = "Authorization" not in given["headers"]
        if self._is_anonymous:
            self._data = given["data"]  # for the error
            self._action = f"s3:{given['action']}"
        else:
            super().__init__(**{**given, "path": flask.request.environ["REQUEST_URI"]})

    def check_signature(self):
        if not self._is_anonymous:
            super().check_signature()

    def check_action_permitted(self, resource):
        if not self._is_anonymous:
            super().check_action_permitted(resource)
            return
        bucket = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].get_bucket(resource.split(":::")[1].split("/")[0])
        if bucket.get_permission(self._action, resource) != access_control.PermissionResult.PERMITTED:
            self._raise_access_denied()


access_control.S3IAMRequest = Judge

server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
host, port = server.get_host_and_port()
url = f"http://{host}:{port}"


def client(service):
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="setup",
        aws_secret_access_key="setup",
    )


iam = client("iam")
iam.create_user(UserName="reader")
iam.put_user_policy(UserName="reader", PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))
key = iam.create_access_key(UserName="reader")["AccessKey"]
role = iam.create_role(RoleName="visitor", AssumeRolePolicyDocument=json.dumps(EVERYTHING))["Role"]
iam.put_role_policy(RoleName="visitor", PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))
session = client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="check")["Credentials"]
s3 = client("s3")
s3.create_bucket(Bucket="closed")
s3.create_bucket(Bucket="open")
s3.put_bucket_policy(Bucket="open", Policy=json.dumps(READING))
# From now on, signatures and permissions are checked.
requests.post(f"{url}/moto-api/reset-auth", data=b"0", timeout=30).raise_for_status()

print(
    json.dumps(
        {
            "url": url,
            "key": [key["AccessKeyId"], key["SecretAccessKey"]],
            "session": [session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]],
        }
    ),
    flush=True,
)
sys.stdin.read()
server.stop()
