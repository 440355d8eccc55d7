using Google.Protobuf.Reflection;
using Microservices.Tests.Hostile.Http2;
using Microservices.Tests.Support;
using Microservices.Users.V1;

namespace Microservices.Tests.Hostile.Cases;

/// <summary>Makes the cases of a run, each from the run's seed and its own number alone.</summary>
internal sealed class CaseMaker : IDisposable
{
    private readonly GrpcSender sender = new();
    private readonly GrpcCases calls;
    private readonly RestCases rest;
    private readonly TokenCases tokens;
    private readonly InboundCases inbound;
    private readonly Floods floods;
    private readonly int seed;

    public CaseMaker(HostileSuite suite, Corpus corpus, int seed)
    {
        (MethodDescriptor Method, ReplicaProcess At)[] methods = [.. suite.Names.SelectMany(service => MethodsOf(service).Select(method => (method, suite[service])))];
        calls = new GrpcCases(corpus, sender, methods);
        rest = new RestCases(corpus, suite.Gateway.HttpPort);
        tokens = new TokenCases(corpus, methods, suite.Gateway.HttpPort);
        inbound = new InboundCases(corpus.Sources, suite.Gateway.HttpPort);
        floods = new Floods([.. methods.Select(m => (m.Method, new Uri(m.At.Address).Port))], corpus);
        this.seed = seed;
    }

    /// <summary>The case of this number.</summary>
    public HostileCase Make(int number)
    {
        var random = new Random(unchecked((seed * 1_000_003) ^ number));
        return random.Next(1_000) switch
        {
            < 4 => floods.Next(random),
            < 80 => calls.Framing(random),
            < 280 => calls.Stream(random),
            < 560 => calls.Unary(random),
            < 620 => tokens.Next(random),
            < 660 => inbound.Next(random),
            _ => rest.Next(random),
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        floods.Dispose();
        tokens.Dispose();
        sender.Dispose();
    }

    // A service has the contract of its name: orders, orders.v1.
    private static IEnumerable<MethodDescriptor> MethodsOf(string service) =>
        from type in typeof(UsersService).Assembly.GetExportedTypes()
        let descriptor = type.GetProperty("Descriptor", typeof(ServiceDescriptor))?.GetValue(null) as ServiceDescriptor
        where descriptor?.File.Package == $"{service}.v1"
        from method in descriptor.Methods
        select method;
}
