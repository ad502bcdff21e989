"""Lists the objects and unfinished uploads of a bucket by boto3, after storing the objects of the request."""

import hashlib
import json
import sys

import boto3

request = json.load(sys.stdin)
key, secret = request["key"]
s3 = boto3.client(
    "s3",
    endpoint_url=request["url"],
    region_name="us-east-1",
    aws_access_key_id=key,
    aws_secret_access_key=secret,
)
bucket = request["bucket"]
for name, text in request.get("store", {}).items():
    s3.put_object(Bucket=bucket, Key=name, Body=text.encode())
objects = {}
pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=request.get("prefix", ""))
for page in pages:
    for entry in page.get("Contents", []):
        found = {"size": entry["Size"], "etag": entry["ETag"].strip('"')}
        if request.get("read", False):
            body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            found["sha256"] = hashlib.sha256(body).hexdigest()
        objects[entry["Key"]] = found
uploads = s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
print(json.dumps({"objects": objects, "uploads": [upload["Key"] for upload in uploads]}))
