using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Microservices.Tests.Hostile.Cases;

/// <summary>A source of webhooks.</summary>
/// <param name="SourceId">Its id.</param>
/// <param name="Kind">How its sender signs: standard, github or stripe.</param>
/// <param name="Key">What it signs with.</param>
internal sealed record HostileSource(string SourceId, string Kind, byte[] Key);

/// <summary>
/// Webhooks sent to <c>/in/{source}</c>: signed as the kind of the source has it, and then ids, headers, signatures and bodies changed. What is taken must have been signed as it
/// came.
/// </summary>
internal sealed class InboundCases(IReadOnlyList<HostileSource> sources, int port)
{
    private const int MaxBody = 48 << 10;
    private static readonly string[] Names =
        ["webhook-id", "webhook-timestamp", "webhook-signature", "x-github-delivery", "x-github-event", "x-hub-signature-256", "stripe-signature", "content-type", "user-agent", "content-encoding"];

    /// <summary>One request.</summary>
    public HostileCase Next(Random random)
    {
        var source = sources[random.Next(sources.Count)];
        var signed = Body(random);
        var headers = Sign(source, signed, Time(random), random.Next(10) == 0 ? Texts.Next(random) : $"msg_{random.Next(1_000_000)}");
        var body = random.Next(3) == 0 ? Bytes.Mutate(signed, random) : signed;
        for (var more = random.Next(4); more > 0; more--)
        {
            var name = Names[random.Next(Names.Length)];
            headers[name] = OneLine(headers.TryGetValue(name, out var good) && random.Next(3) > 0 ? Texts.Mutate(good, random) : Texts.Next(random));
        }

        var id = random.Next(8) == 0 ? Uri.EscapeDataString(new string([.. Texts.Mutate(source.SourceId, random).Where(c => !char.IsSurrogate(c)).Take(1_000)])) : source.SourceId;
        var chunked = random.Next(4) == 0;
        var length = body.Length + (random.Next(12) == 0 ? random.Next(-3, 4) : 0);
        headers[chunked ? "Transfer-Encoding" : "Content-Length"] = chunked ? "chunked" : length.ToString(CultureInfo.InvariantCulture);
        var head = $"POST /in/{id} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{string.Concat(headers.Select(h => $"{h.Key}: {h.Value}\r\n"))}\r\n";
        byte[] request = [.. Encoding.Latin1.GetBytes(head), .. chunked ? Chunks(body, random) : body];
        // What is damaged may be whole again, but for what it says of its length.
        var isDamaged = random.Next(20) == 0;
        var isWhole = isDamaged || body.AsSpan().SequenceEqual(signed) || (!chunked && length < body.Length);
        if (isDamaged)
            request = Bytes.Mutate(request, random);
        return new($"in {source.Kind}", Encoding.Latin1.GetString(request[..Math.Min(request.Length, 1_500)]), async cancellationToken =>
        {
            var (status, text) = await RawHttp.SendAsync(port, request, TimeSpan.FromSeconds(2), cancellationToken);
            if (status >= 500 && status is not (501 or 505))
                return $"{status}: {text[Math.Max(0, text.IndexOf("\r\n\r\n", StringComparison.Ordinal))..].Trim()}";
            return status == 204 && !isWhole ? "204: what was not signed is taken" : null;
        });
    }

    private static byte[] Body(Random random) => random.Next(8) switch
    {
        0 => [],
        1 => Encoding.UTF8.GetBytes(Texts.Next(random)),
        2 => [.. Enumerable.Range(0, random.Next(2_000)).Select(_ => (byte)random.Next(256))],
        3 => new byte[MaxBody + random.Next(-1, 2)],
        4 => Encoding.UTF8.GetBytes(new string('[', random.Next(1, 5_000))),
        _ => Encoding.UTF8.GetBytes($$"""{"id":"evt_{{random.Next(1_000_000)}}","type":"invoice.paid","text":"{{random.Next()}}"}"""),
    };

    private static string Time(Random random) => random.Next(6) == 0
        ? Texts.Next(random)
        : DateTimeOffset.UtcNow.AddSeconds(random.Next(6) == 0 ? random.Next(-100_000, 100_000) : 0).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);

    private static Dictionary<string, string> Sign(HostileSource source, byte[] body, string time, string id)
    {
        (time, id) = (OneLine(time), OneLine(id));
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { ["content-type"] = "application/json" };
        switch (source.Kind)
        {
            case "standard":
                (headers["webhook-id"], headers["webhook-timestamp"]) = (id, time);
                headers["webhook-signature"] = $"v1,{Convert.ToBase64String(Hash($"{id}.{time}."))}";
                break;
            case "github":
                (headers["x-github-delivery"], headers["x-github-event"]) = (id, "push");
                headers["x-hub-signature-256"] = $"sha256={Convert.ToHexStringLower(Hash(""))}";
                break;
            default:
                headers["stripe-signature"] = $"t={time},v1={Convert.ToHexStringLower(Hash($"{time}."))}";
                break;
        }

        return headers;

        byte[] Hash(string before) => HMACSHA256.HashData(source.Key, Encoding.Latin1.GetBytes(before).Concat(body).ToArray());
    }

    private static byte[] Chunks(byte[] body, Random random)
    {
        var chunks = new List<byte>();
        for (var at = 0; at < body.Length;)
        {
            var size = Math.Min(random.Next(1, 10_000), body.Length - at);
            chunks.AddRange(Encoding.ASCII.GetBytes($"{size:x}\r\n"));
            chunks.AddRange(body.AsSpan(at, size));
            chunks.AddRange("\r\n"u8);
            at += size;
        }

        return [.. chunks, .. "0\r\n\r\n"u8];
    }

    private static string OneLine(string text) => new([.. text.Where(c => c is not ('\r' or '\n' or '\0')).Take(6_000)]);
}
