using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Microservices.Gateway.Bff;

/// <summary>The sessions of browsers, as far as the gateway keeps them: section <c>Bff</c>. How long they last is Identity's to say.</summary>
public sealed class BffOptions
{
    /// <summary>
    /// Of how many sessions the gateway keeps the token, about 2 KiB each; beyond that, those that have not been used for longest are asked for anew when they are used. Default
    /// 20,000; 100 to 1,000,000.
    /// </summary>
    [Range(100, 1_000_000)]
    public int MaxSessions { get; set; } = 20_000;
}

[OptionsValidator]
internal sealed partial class BffOptionsValidator : IValidateOptions<BffOptions>;
