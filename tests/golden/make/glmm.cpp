// Mixed models that no installed R package fits, for the golden references of glmm.R: Laplace's
// approximation with exact derivatives by TMB. eta = X beta + Z Lambda(theta) u + offset with
// u ~ N(0, I); Lambda comes from lme4's lFormula as entries of theta.
#include <TMB.hpp>

template <class Type>
Type cumulative(Type x, int link) {
  if (link == 0) return invlogit(x);
  if (link == 1) return pnorm(x);
  if (link == 2) return Type(1) - exp(-exp(x));
  return exp(-exp(-x));
}

template <class Type>
Type objective_function<Type>::operator()() {
  DATA_VECTOR(y);
  DATA_VECTOR(weights);
  DATA_VECTOR(offset);
  DATA_MATRIX(X);
  DATA_SPARSE_MATRIX(Z);
  DATA_IVECTOR(lambda_row);     // of Lambda: b[row] += theta[at] * u[column]
  DATA_IVECTOR(lambda_column);
  DATA_IVECTOR(lambda_at);
  DATA_INTEGER(family);         // 0 inverse Gaussian, 1 t, 2 gamma, 3 ordinal
  DATA_INTEGER(link);           // 0 log or logit, 1 identity or probit, 2 cloglog, 3 loglog
  PARAMETER_VECTOR(beta);
  PARAMETER_VECTOR(theta);
  PARAMETER_VECTOR(dispersion); // log phi; log scale; empty for ordinal
  PARAMETER_VECTOR(log_df);
  PARAMETER_VECTOR(thresholds);
  PARAMETER_VECTOR(u);

  vector<Type> b(u.size());
  b.setZero();
  for (int k = 0; k < lambda_at.size(); k++)
    b(lambda_row(k)) += theta(lambda_at(k)) * u(lambda_column(k));
  vector<Type> eta = X * beta + Z * b + offset;
  Type total = dnorm(u, Type(0), Type(1), true).sum();
  int K = thresholds.size() + 1;
  for (int i = 0; i < y.size(); i++) {
    if (family == 3) {
      int c = CppAD::Integer(y(i));
      Type upper = c == K - 1 ? Type(1) : cumulative(Type(thresholds(c) - eta(i)), link);
      Type lower = c == 0 ? Type(0) : cumulative(Type(thresholds(c - 1) - eta(i)), link);
      total += weights(i) * log(upper - lower);
      continue;
    }
    Type mu = link == 0 ? exp(eta(i)) : eta(i);
    Type phi = exp(dispersion(0));
    if (family == 0) {
      Type v = phi / weights(i), r = y(i) - mu;
      total += -0.5 * log(2 * M_PI * v * pow(y(i), 3)) - r * r / (2 * v * mu * mu * y(i));
    } else if (family == 1) {
      total += weights(i) * (dt((y(i) - mu) / phi, exp(log_df(0)), true) - dispersion(0));
    } else {
      Type shape = weights(i) / phi;
      total += dgamma(y(i), shape, mu / shape, true);
    }
  }
  return -total;
}
