using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>Bodies that are too large, of another kind, or anything at all.</summary>
public sealed class RequestBodyTests : IClassFixture<GatewayFixture>
{
    private readonly GatewayFixture gateway;

    public RequestBodyTests(GatewayFixture gateway)
    {
        this.gateway = gateway;
        gateway.Reset();
    }

    [Theory]
    [InlineData("POST", "/v1/users", """{"userId":"ada","displayName":"Ada","email":"ada@example.com"}""")]
    [InlineData("PATCH", "/v1/users/ada", """{"version":3,"displayName":"Ada","email":"ada@example.com"}""")]
    [InlineData("POST", "/v1/orders", """{"orderId":"o1","userId":"ada","lines":[{"productId":"p","quantity":1,"unitPrice":{"amount":"1.25","currency":"EUR"},"discountBasisPoints":5}]}""")]
    [InlineData("POST", "/v1/orders/o1/cancel", """{"version":3}""")]
    [InlineData("POST", "/v1/orders/o1/advance", """{"state":"paid","version":3}""")]
    [InlineData("POST", "/v1/overviews:batchGet", """{"userIds":["ada","bob"],"fields":["user","orders"],"strict":true,"orderLimit":5}""")]
    public async Task Whatever_a_body_is_the_answer_is_good_or_names_what_is_wrong(string method, string path, string good)
    {
        var random = new Random(12);
        for (var i = 0; i < 500; i++)
        {
            var body = Mutate(Encoding.UTF8.GetBytes(good), random);
            var response = await gateway.Rest.SendAsync(new HttpMethod(method), path, Http.Body(body));
            if (response.IsSuccessStatusCode)
                continue;
            Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{response.StatusCode} for {Convert.ToBase64String(body)} {Encoding.UTF8.GetString(body)}");
            Assert.NotEmpty((await response.ProblemAsync(400)).Fields());
        }
    }

    [Theory]
    [InlineData(64 * 1024 + 1, false)]
    [InlineData(10_000_000, false)]
    [InlineData(10_000_000, true)]
    public async Task A_body_that_is_too_large_is_413(int bytes, bool chunked)
    {
        var calls = new CountedCalls(gateway);
        HttpContent body = chunked
            ? new StreamContent(new MemoryStream(new byte[bytes])) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } }
            : Http.Body(new byte[bytes]);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/orders") { Content = body };
        request.Headers.TransferEncodingChunked = chunked;

        var problem = await (await gateway.Rest.SendAsync(request)).ProblemAsync(413);

        Assert.Equal("/problems/body-too-large", problem.Text("type"));
        Assert.Equal(0, calls.Count);
    }

    [Fact]
    public async Task A_body_of_just_the_bound_is_read()
    {
        var json = """{"displayName":"A","email":"a@b"}""".PadRight(64 * 1024);
        var response = await gateway.Rest.PostAsync("/v1/users", Http.Body(json));
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData(null)]
    public async Task A_body_that_is_not_JSON_is_415(string? type)
    {
        var calls = new CountedCalls(gateway);
        var body = new ByteArrayContent(Encoding.UTF8.GetBytes("""{"displayName":"A","email":"a@b"}"""));
        if (type is not null)
            body.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        await (await gateway.Rest.PostAsync("/v1/users", body)).ProblemAsync(415);
        Assert.Equal(0, calls.Count);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("identity, gzip")]
    [InlineData("unknown")]
    public async Task A_body_that_is_compressed_is_415_and_is_not_taken_as_if_it_were_not(string coding)
    {
        var calls = new CountedCalls(gateway);
        var body = Http.Body("""{"displayName":"A","email":"a@b"}""");
        body.Headers.TryAddWithoutValidation("Content-Encoding", coding);
        var refused = await gateway.Rest.PostAsync("/v1/users", body);
        await refused.ProblemAsync(415);
        Assert.Equal(["identity"], refused.Headers.GetValues("Accept-Encoding"));
        Assert.Equal(0, calls.Count);
    }

    // One to three pieces of it replaced, doubled, cut out or broken.
    private static byte[] Mutate(byte[] json, Random random)
    {
        string[] pieces =
        [
            "\\ud800", "\"\\ud800a\":1,", "\"\\udc00\":{},", "5", "null", "true", "[]", "{}", "\"\"", "1e999", "-0", "\"version\":\"x\",", "\"a b\":[],", "\"$\":1,", "\"['x']\":1,",
            "\"a.b[0]\":2,", "[[[[", "{\"a\":", ",", ":", "\"", "\\", "\u0000", "\uFEFF", "99999999999999999999", "1.5", "/*c*/", "\\u0000", "\"\\u0065mail\":1,",
        ];
        var bytes = json.ToList();
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var at = random.Next(bytes.Count + 1);
            var piece = Encoding.UTF8.GetBytes(pieces[random.Next(pieces.Length)]);
            switch (random.Next(5))
            {
                case 0:
                    bytes.InsertRange(at, piece);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 12), bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 30), bytes.Count - at)));
                    break;
                case 3:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                default:
                    // In place of a value.
                    var colon = bytes.IndexOf((byte)':', Math.Min(at, bytes.Count));
                    if (colon < 0)
                        break;
                    var end = bytes.FindIndex(colon, b => b is (byte)',' or (byte)'}');
                    bytes.RemoveRange(colon + 1, Math.Max(0, end - colon - 1));
                    bytes.InsertRange(colon + 1, piece);
                    break;
            }
        }

        return [.. bytes];
    }
}
