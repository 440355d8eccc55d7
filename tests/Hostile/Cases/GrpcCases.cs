using Google.Protobuf.Reflection;
using Microservices.Tests.Support;

namespace Microservices.Tests.Hostile.Cases;

/// <summary>Calls of every method of every service, unary or stream, with requests made from their descriptors.</summary>
internal sealed class GrpcCases(Corpus corpus, GrpcSender sender, IReadOnlyList<(MethodDescriptor Method, ReplicaProcess At)> methods)
{
    private static readonly TimeSpan UnaryTimeout = TimeSpan.FromSeconds(10);
    private static readonly byte[] Gzip = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3];
    private static readonly Dictionary<string, string> NoHeaders = [];
    private static readonly (string Name, string[] Values)[] Headers =
    [
        ("grpc-timeout", ["999999999H", "1n", "0m", "-1S", "1", "S", "99999999H", "1x"]),
        ("grpc-encoding", ["gzip", "deflate", "identity", "x", ""]),
        ("grpc-accept-encoding", ["gzip", "x,y,z", ",,,"]),
        ("content-type", ["application/grpc+proto", "application/grpc+json", "application/json", "application/grpc-web", "x", "application/grpc;x=\""]),
        ("te", ["x", "trailers, deflate"]),
        ("traceparent", ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-zz-zz-zz", "ff-"]),
        ("x-bin", ["%%%", "AAAA"]),
        ("authorization", ["Bearer x", "Basic", ""]),
    ];

    private readonly (MethodDescriptor Method, ReplicaProcess At)[] unary = [.. methods.Where(m => !m.Method.IsClientStreaming)];
    private readonly (MethodDescriptor Method, ReplicaProcess At)[] streams = [.. methods.Where(m => m.Method.IsClientStreaming)];

    /// <summary>A unary call.</summary>
    public HostileCase Unary(Random random)
    {
        var (method, at) = unary[random.Next(unary.Length)];
        var message = new Messages(corpus, random).Next(method.InputType);
        return Case("unary", method, at, GrpcSender.Frame(message), UnaryTimeout, malformed: false, NoHeaders);
    }

    /// <summary>A stream of some frames, and then half-closed.</summary>
    public HostileCase Stream(Random random)
    {
        var (method, at) = streams[random.Next(streams.Length)];
        var messages = new Messages(corpus, random);
        byte[] body = [.. Enumerable.Range(0, random.Next(1, 5)).SelectMany(_ => GrpcSender.Frame(messages.Next(method.InputType)))];
        return Case("stream", method, at, body, TimeSpan.FromMilliseconds(random.Next(100, 400)), malformed: false, NoHeaders);
    }

    /// <summary>A call whose framing or headers are broken.</summary>
    public HostileCase Framing(Random random)
    {
        var (method, at) = methods[random.Next(methods.Count)];
        var frame = GrpcSender.Frame(new Messages(corpus, random).Next(method.InputType));
        var headers = new Dictionary<string, string>();
        for (var more = random.Next(3); more > 0; more--)
        {
            var (name, values) = Headers[random.Next(Headers.Length)];
            headers[name] = values[random.Next(values.Length)];
        }

        switch (random.Next(8))
        {
            case 0:
                frame[0] = (byte)random.Next(256);
                break;
            case 1:
                frame[random.Next(1, 5)] = (byte)random.Next(256);
                break;
            case 2:
                frame = frame[..random.Next(frame.Length)];
                break;
            case 3:
                headers["grpc-encoding"] = "gzip";
                frame = GrpcSender.Frame(random.Next(2) == 0 ? Bytes.Mutate(Gzip, random) : frame, flag: 1);
                break;
            case 4:
                frame = [.. frame, .. frame];
                break;
            case 5:
                frame = [.. frame, .. frame[..random.Next(Math.Min(frame.Length, 5))]];
                break;
            default:
                frame = Bytes.Mutate(frame, random);
                break;
        }

        return Case("framing", method, at, frame, TimeSpan.FromMilliseconds(500), malformed: true, headers);
    }

    private HostileCase Case(
        string kind, MethodDescriptor method, ReplicaProcess at, byte[] body, TimeSpan timeout, bool malformed, Dictionary<string, string> headers) =>
        new($"{kind} {method.Service.FullName}/{method.Name}", $"{string.Join(", ", headers)} {HostileCase.Show(body)}",
            cancellationToken => sender.SendAsync(method, at.Address, body, timeout, malformed, headers, cancellationToken));
}
