import { describe, expect, it } from 'vitest';
import { withoutSignature } from '../../src/io/signature.js';

describe('an address without its signature', () => {
  it.each([
    // The form of Azure's shared access signatures: learn.microsoft.com, "Create a service SAS".
    [
      'https://sentinel2l2a01.blob.core.windows.net/sentinel2-l2/B02.tif?st=2021-07-15T00%3A00Z&se=2021-07-16&sp=rl&sv=2021-06-08&sr=c&skoid=a&sktid=b&sig=abc%3D',
      'https://sentinel2l2a01.blob.core.windows.net/sentinel2-l2/B02.tif',
    ],
    // A presigned URL of S3: docs.aws.amazon.com, "Authenticating Requests: Using Query Parameters".
    [
      'https://bucket.s3.amazonaws.com/a.tif?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20130524&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeee',
      'https://bucket.s3.amazonaws.com/a.tif',
    ],
    [
      'https://a.example/b.tif?version=3&Expires=1&Signature=x&Key-Pair-Id=y',
      'https://a.example/b.tif?version=3',
    ],
    ['https://user:secret@a.example/b.tif?version=3', 'https://a.example/b.tif?version=3'],
    ['https://a.example/b.tif?se=north&v=a%20b', 'https://a.example/b.tif?se=north&v=a%20b'],
    ['https://a.example/ü b.tif', 'https://a.example/ü b.tif'],
    ['folder/b?sig=1.tif', 'folder/b?sig=1.tif'],
  ])('%s', (signed, plain) => {
    expect(withoutSignature(signed)).toBe(plain);
  });
});
