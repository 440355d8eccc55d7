using System.Globalization;
using System.Text;
using Microservices.Tests.Support;

namespace Microservices.Tests.Hostile.Cases;

/// <summary>Requests to the gateway's REST API: the operations of its own description, with path, query, headers and body changed, by an operator.</summary>
internal sealed class RestCases(Corpus corpus, int port)
{
    private static readonly string[] Methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PRI", "get"];
    private static readonly (string Name, string[] Values)[] Headers =
    [
        ("Request-Timeout", ["1", "0.001", "0", "-1", "1e3", "99999999999", "NaN", "1,5", ""]),
        ("Cache-Control", ["no-cache", "stale-if-error=60", "stale-if-error=-1", "max-age=99999999999999999999", "no-cache=\"", ",,,", "stale-if-error"]),
        ("Position", ["user=0000000000000001", "orders=ffffffffffffffff", "user=1", "user=1,user=1", "=", ",", "x=0000000000000000"]),
        ("Content-Type", ["application/json", "application/json; charset=utf-16", "text/plain", "application/json;", "/", "multipart/form-data", "application/json; charset=\"nope\""]),
        ("Content-Encoding", ["gzip", "br", "identity", "gzip, gzip", "x"]),
        ("Accept", ["*/*", "text/event-stream", "text/event-stream;q=0", "application/json", "x", ";q=2", "text/*;q=nan"]),
        ("Accept-Encoding", ["gzip", "*;q=0", "x"]),
        ("Idempotency-Key", ["k", "", " ", "a b", "é"]),
        ("Last-Event-ID", ["", ".", "..", "a.b", "~1.~2"]),
        ("If-None-Match", ["*", "\"x\"", "W/"]),
        ("Range", ["bytes=0-0,1-1,2-2", "bytes=-1"]),
        ("Origin", ["null", "http://evil.example"]),
        ("traceparent", ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-zz", "ff-", ""]),
        ("Expect", ["100-continue", "x"]),
        ("X-Forwarded-For", ["127.0.0.1", "::", "x"]),
    ];

    /// <summary>One request.</summary>
    public HostileCase Next(Random random)
    {
        var operation = corpus.Operations[random.Next(corpus.Operations.Count)];
        var path = operation.Path;
        var query = new List<string>();
        var headers = new Dictionary<string, string> { ["Host"] = "localhost", ["Connection"] = "close", ["Authorization"] = $"Bearer {Tokens.For(path)}" };
        foreach (var parameter in operation.Parameters)
        {
            if (parameter.In == "path")
                path = path.Replace($"{{{parameter.Name}}}", Escape(Value(parameter, random), random), StringComparison.Ordinal);
            else if (parameter.In == "query" && random.Next(2) == 0)
                query.AddRange(Enumerable.Repeat($"{parameter.Name}={Escape(Value(parameter, random), random)}", random.Next(10) == 0 ? 2 : 1));
            else if (parameter.In == "header" && random.Next(3) == 0)
                headers[parameter.Name] = OneLine(Value(parameter, random));
        }

        for (var more = random.Next(4); more > 0; more--)
        {
            var (name, values) = Headers[random.Next(Headers.Length)];
            headers[name] = random.Next(5) == 0 ? OneLine(Texts.Next(random)) : values[random.Next(values.Length)];
        }

        byte[] body = [];
        if (operation.Body is not null || random.Next(20) == 0)
        {
            body = new JsonDamage(corpus, random).Next(operation.Body);
            headers.TryAdd("Content-Type", "application/json");
        }

        if (body.Length > 0)
            headers["Content-Length"] = body.Length.ToString(CultureInfo.InvariantCulture);
        var method = random.Next(15) == 0 ? Methods[random.Next(Methods.Length)] : operation.Method;
        var target = query.Count > 0 ? $"{path}?{string.Join('&', query)}" : path;
        var head = $"{method} {target} HTTP/1.1\r\n{string.Concat(headers.Select(h => $"{h.Key}: {h.Value}\r\n"))}\r\n";
        byte[] request = [.. Encoding.Latin1.GetBytes(head), .. body];
        if (random.Next(25) == 0)
            request = Bytes.Mutate(request, random);
        // Cut off before it is whole.
        var cut = random.Next(25) == 0;
        if (cut)
            request = request[..random.Next(request.Length)];
        var hurried = Encoding.Latin1.GetString(request).Contains("Request-Timeout: ", StringComparison.OrdinalIgnoreCase);
        return new($"rest {operation.Method} {operation.Path}", Encoding.Latin1.GetString(request[..Math.Min(request.Length, 1_500)]), async cancellationToken =>
        {
            var (status, text) = await RawHttp.SendAsync(port, request, cut ? TimeSpan.FromMilliseconds(20) : TimeSpan.FromSeconds(2), cancellationToken);
            // Who gives it a millisecond is told that this was not enough.
            return status >= 500 && status is not (501 or 505) && !(status == 504 && hurried) ? $"{status}: {text[Math.Max(0, text.IndexOf("\r\n\r\n", StringComparison.Ordinal))..].Trim()}" : null;
        });
    }

    private string Value(RestParameter parameter, Random random) => random.Next(6) switch
    {
        0 => Texts.Next(random),
        1 => Texts.Mutate(parameter.Example, random),
        _ => corpus.Next(RestNames.Snake(parameter.Name), random) ?? parameter.Example,
    };

    private static string Escape(string text, Random random)
    {
        // Half a character cannot be escaped.
        var sound = new string([.. text.Where(c => !char.IsSurrogate(c))]);
        var escaped = random.Next(12) == 0 ? OneLine(sound).Replace(' ', '+') : Uri.EscapeDataString(sound);
        return escaped.Length > 2_000 ? escaped[..2_000] : escaped;
    }

    private static string OneLine(string text) => new([.. text.Where(c => c is not ('\r' or '\n' or '\0')).Take(2_000)]);
}
