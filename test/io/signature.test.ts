import { expect, it } from 'vitest';
import { withoutSignature } from '../../src/io/signature.js';

it('signatures and keys are taken out of addresses, and nothing else', () => {
  const file = 'https://example.com/a%20b/c.tif';
  const cases: [query: string, rest: string][] = [
    ['', ''],
    ['?a=1&b=%2B', '?a=1&b=%2B'],
    // Azure: https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas
    [
      '?snapshot=2020&st=2021&se=2022&sp=rl&sv=2021-06-08&sr=c&skoid=a&sktid=b&skt=c&ske=d&sks=b&skv=e&sig=f%3D',
      '?snapshot=2020',
    ],
    // Names of Azure's parameters mean other things elsewhere.
    ['?sp=1&sv=2', '?sp=1&sv=2'],
    // https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
    [
      '?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-Date=b&X-Amz-Expires=9&X-Amz-SignedHeaders=host&X-Amz-Signature=c&versionId=7',
      '?versionId=7',
    ],
    ['?AWSAccessKeyId=a&Signature=b&Expires=1', ''],
    // https://cloud.google.com/storage/docs/access-control/signed-urls
    ['?X-Goog-Algorithm=a&X-Goog-Credential=b&X-Goog-Signature=c', ''],
    // https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html
    ['?Expires=1&Signature=b&Key-Pair-Id=c#band', '#band'],
    ['?api_key=a&item=1&access_token=b', '?item=1'],
  ];
  for (const [query, rest] of cases) expect(withoutSignature(file + query)).toBe(file + rest);
  expect(withoutSignature('scenes/a.tif')).toBe('scenes/a.tif');
});
