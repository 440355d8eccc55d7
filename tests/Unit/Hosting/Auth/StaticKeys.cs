using Microservices.Hosting.Auth;

namespace Microservices.Tests.Unit.Hosting.Auth;

/// <summary>A key set that stays as it is.</summary>
internal sealed class StaticKeys(string json) : KeySource
{
    public override bool IsLocal => true;

    public override TimeSpan Period { get; } = TimeSpan.FromMinutes(5);

    public override TimeSpan MinPeriod { get; } = TimeSpan.FromSeconds(30);

    public override string Name => "keys";

    public override Task<string> ReadAsync() => Task.FromResult(json);
}
